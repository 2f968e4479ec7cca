"""How the page looks: on a telephone, on a desk, in the dark, on paper."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5b646d; --paper: #fff; --card: #f6f8fa;
  --line: #d8dde2; --hit: #00805a; --bar: #0072b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebee; --faint: #9aa4ae; --paper: #14171a;
  --card: #1d2125; --line: #343b42; --hit: #2fbf8f; --bar: #56b4e9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 76rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; border-top: 1px solid var(--line);
  padding-top: 1.25rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .4rem; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
p.faint, .faint { color: var(--faint); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { text-align: right; padding: .25rem .7rem; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
th { font-weight: 600; vertical-align: bottom; white-space: normal; min-width: 5rem; }
th:first-child, td:first-child { text-align: left; padding-left: 0; position: sticky; left: 0;
  background: var(--paper); min-width: 0; }
td small { color: var(--faint); display: block; }
td.text { text-align: left; white-space: normal; }
tr.head td { font-weight: 700; }
.figures { display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
.figures > figure { max-width: 36rem; }
figure { margin: 0; }
.chart img { width: 100%; height: auto; background: #fff; border: 1px solid var(--line);
  border-radius: .5rem; padding: .5rem; }
figcaption { font-size: .88rem; color: var(--faint); padding-top: .3rem; }
.lines { display: grid; gap: .6rem; }
.line { display: grid; grid-template-columns: 5.6rem 1fr; gap: .7rem; padding: .5rem;
  background: var(--card); border-radius: .5rem; }
.line ol { list-style: none; margin: 0; padding: 0; display: grid; gap: .35rem;
  grid-template-columns: repeat(auto-fill, minmax(4.2rem, 1fr)); align-content: start; }
.thumb { position: relative; min-width: 0; }
.thumb .frame { aspect-ratio: 1; background: #fff; border: 1px solid var(--line);
  border-radius: .35rem; overflow: hidden; display: grid; place-items: center; color: #5b646d;
  font-size: .7rem; text-align: center; padding: 4px; }
.thumb img { width: 100%; height: 100%; object-fit: contain; }
.hit .frame { border: 4px solid var(--hit); padding: 1px; }
.hit::after { content: "\\2713"; position: absolute; top: -.3rem; right: -.3rem; width: 1.25rem;
  height: 1.25rem; border-radius: 50%; background: var(--hit); color: var(--paper);
  font: 700 .8rem/1.25rem system-ui; text-align: center; }
.thumb figcaption { font-size: .72rem; line-height: 1.2; padding-top: .2rem; }
.mixed { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); }
.mixed > div { display: grid; grid-template-columns: 1fr auto 1fr; gap: .4rem; align-items: center;
  padding: .5rem; background: var(--card); border-radius: .5rem; }
.mixed p { grid-column: 1 / -1; font-size: .82rem; margin: 0; color: var(--faint); }
.bars { list-style: none; margin: 0; padding: 0; columns: 16rem; column-gap: 2rem;
  font-size: .85rem; }
.bars li { display: grid; grid-template-columns: 8rem 1fr 2.4rem; gap: .4rem; align-items: center;
  break-inside: avoid; }
.bars span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.bars b { font-weight: 400; text-align: right; font-variant-numeric: tabular-nums; }
.bars i { height: .6rem; background: linear-gradient(var(--bar) 0 0) no-repeat, var(--line);
  border-radius: .2rem; }
details > summary { cursor: pointer; color: var(--faint); margin-bottom: .5rem; }
pre { overflow-x: auto; background: var(--card); padding: .75rem; border-radius: .5rem;
  font-size: .82rem; }
.warn { border-left: 4px solid #d55e00; padding-left: .75rem; }
@media (max-width: 34rem) { .line { grid-template-columns: 1fr; } }
.line > div { max-width: 5.6rem; }
.line > div p { margin: 0; line-height: 1.2; }
@media print { .line, .mixed > div { break-inside: avoid; } }
"""
