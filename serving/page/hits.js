// The pictures that were found, and one of them large.

const byId = (id) => document.getElementById(id);
const percent = (score) => `${Math.round(100 * score)}%`;

// With a token a picture has to be fetched: an <img> cannot send one.
async function show(image, path, asker) {
  if (!asker.token) {
    image.src = path;
    return;
  }
  try {
    const answer = await fetch(path, { headers: asker.headers() });
    if (!answer.ok) return;
    const place = URL.createObjectURL(await answer.blob());
    image.addEventListener("load", () => URL.revokeObjectURL(place), { once: true });
    image.src = place;
  } catch {
    // the picture stays empty: the search itself tells that the service is away
  }
}

export class Hits {
  // `more(hit)` searches for pictures like one.
  constructor(asker, more) {
    this.asker = asker;
    this.list = byId("hits");
    this.dialog = byId("large");
    byId("more").addEventListener("click", () => {
      this.dialog.close();
      more(this.hit);
    });
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close(); // beside it
    });
  }

  fill(hits) {
    this.list.replaceChildren(...hits.map((hit) => this.item(hit)));
  }

  item(hit) {
    const [item, button, image, row] = ["li", "button", "img", "span"].map((name) =>
      document.createElement(name),
    );
    const [name, score] = [document.createElement("span"), document.createElement("span")];
    button.type = "button";
    button.dataset.id = hit.id;
    button.setAttribute("aria-label", `${hit.class ?? hit.id}, ${percent(hit.score)}: see it large`);
    image.alt = "";
    image.decoding = "async";
    show(image, hit.thumb, this.asker);
    row.className = "row";
    name.className = "name";
    score.className = "score";
    name.textContent = (hit.class ?? hit.id).replaceAll("_", " ");
    score.textContent = percent(hit.score);
    score.title = `distance ${hit.distance.toFixed(3)}`;
    row.append(name, score);
    button.append(image, row);
    button.addEventListener("click", () => this.open(hit));
    item.append(button);
    return item;
  }

  open(hit) {
    this.hit = hit;
    const image = byId("large-picture");
    image.removeAttribute("src");
    image.alt = hit.class ?? hit.id;
    show(image, hit.picture, this.asker);
    byId("large-class").textContent = (hit.class ?? "").replaceAll("_", " ");
    byId("large-score").textContent = `${percent(hit.score)}, distance ${hit.distance.toFixed(3)}`;
    byId("large-id").textContent = hit.id;
    this.dialog.showModal();
  }
}
