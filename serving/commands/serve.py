"""`sbir serve`: the search service and its page."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    model: Annotated[
        str,
        typer.Option(help="A model's folder; or litert:FOLDER, grpc://HOST:PORT/NAME, http://..."),
    ],
    index: Annotated[str, typer.Option(help="An index's folder, or milvus://HOST:PORT/NAME.")],
    host: Annotated[str, typer.Option(help="0.0.0.0 for all of this machine's.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    pictures: Annotated[
        Path | None, typer.Option(help="The indexed pictures, if they moved.")
    ] = None,
    uploads: Annotated[
        Path | None, typer.Option(help="Take new pictures, and keep them here; needs a token.")
    ] = None,
    write_token_file: Annotated[
        Path | None, typer.Option(help="Token for changes; or SBIR_WRITE_TOKEN.")
    ] = None,
    read_token_file: Annotated[
        Path | None, typer.Option(help="Token for searches; or SBIR_READ_TOKEN.")
    ] = None,
    cors: Annotated[
        list[str] | None, typer.Option(help="An origin whose pages may search.")
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0, help="Requests a second of one client; 0 for any.")
    ] = 100.0,
    body_mb: Annotated[int, typer.Option(min=1, help="Largest request.")] = 16,
    seconds: Annotated[float, typer.Option(min=0.1, help="Longest search.")] = 10.0,
    save_after: Annotated[
        int, typer.Option(min=1, help="Changes, after which the index is rebuilt beside.")
    ] = 1000,
    skew_log: Annotated[
        Path | None, typer.Option(help="Log numbers about what is asked, for `sbir data validate`.")
    ] = None,
    log_file: Annotated[Path | None, typer.Option(help="Log here instead of stderr.")] = None,
) -> None:
    """Serve an index: a page to draw on, and an HTTP API."""
    from serving.http.run import Served
    from serving.http.run import serve as run
    from serving.http.settings import Settings, check_origin, token_of
    from serving.service import Limits

    settings = Settings(
        write_token=token_of(write_token_file, "SBIR_WRITE_TOKEN"),
        read_token=token_of(read_token_file, "SBIR_READ_TOKEN"),
        cors=tuple(check_origin(origin) for origin in cors or []),
        rate=rate,
        body_bytes=body_mb * 2**20,
    )
    run(
        Served(
            model=model,
            index=index,
            host=host,
            port=port,
            pictures=pictures,
            uploads=uploads,
            skew_log=skew_log,
            log_file=log_file,
            limits=Limits(seconds=seconds, save_after=save_after),
            settings=settings,
        ),
        told=lambda line: print(line, flush=True),
    )
