// The page, put together.

import { Hits } from "./hits.js";
import { decode, encode } from "./link.js";
import { Paper, SIDE, draw } from "./paper.js";
import { Picture } from "./picture.js";
import { Asker } from "./search.js";

const PICTURES = 30;
const byId = (id) => document.getElementById(id);
const { body } = document;

const asker = new Asker(told);
const hits = new Hits(asker, moreLike);
const paper = new Paper(byId("paper"), search);
const picture = new Picture(search, (message) => state("error", message));
let like = null;

function state(name, message) {
  body.dataset.state = name;
  body.classList.remove("slow");
  if (message !== undefined) byId("status").textContent = message;
}

function told(what, about) {
  if (what === "slow") {
    body.classList.add("slow");
    byId("status").textContent = "Searching…";
    return;
  }
  byId("ask-token").hidden = what !== "token";
  if (what === "answered") answered(about);
  else state(what, about);
}

function answered({ hits: found, milliseconds }) {
  hits.fill(found);
  const names = [...new Set(found.map((hit) => hit.class).filter(Boolean))];
  byId("classes").replaceChildren(...names.map((name) => new Option(name, name)));
  const count = found.length === 1 ? "1 picture" : `${found.length} pictures`;
  const first = names[0] ? `, first ${names[0].replaceAll("_", " ")}` : "";
  state("answered", found.length ? `${count}${first}, in ${Math.round(milliseconds.total)} ms.` : "No picture was found.");
  body.dataset.answered = Number(body.dataset.answered) + 1;
}

function filter() {
  const only = byId("only").value.trim().replaceAll(" ", "_");
  return only ? { filter: { class: only } } : {};
}

function search() {
  like = null;
  byId("like").hidden = true;
  const { strokes } = paper;
  const drawn = strokes.length > 0;
  body.dataset.drawn = drawn ? "yes" : "no";
  byId("undo").disabled = !paper.past.length;
  byId("redo").disabled = !paper.future.length;
  byId("clear").disabled = byId("copy").disabled = !drawn;
  const asked = picture.asked(drawn);
  if (drawn) asked.strokes = { width: SIDE, height: SIDE, lines: strokes };
  if (drawn || picture.data) {
    asker.ask("/v1/search", { ...asked, k: PICTURES, ...filter() });
  } else {
    asker.forget();
    hits.fill([]);
    byId("ask-token").hidden = true;
    state("empty", "Nothing drawn yet.");
  }
}

function moreLike(hit) {
  like = hit;
  byId("like-text").textContent = `Pictures like ${(hit.class ?? hit.id).replaceAll("_", " ")}.`;
  byId("like").hidden = false;
  const place = hit.id.split("/").map(encodeURIComponent).join("/");
  asker.ask(`/v1/similar/${place}`, { k: PICTURES, ...filter() }, 0);
  scrollTo({ top: 0 });
}

function choose(erasing) {
  paper.erasing = erasing;
  byId("paper").classList.toggle("erasing", erasing);
  byId("pen").setAttribute("aria-pressed", !erasing);
  byId("eraser").setAttribute("aria-pressed", erasing);
}

async function copy() {
  const text = encode(paper.strokes);
  if (!text) return state("error", "This drawing is too long for a link.");
  history.replaceState(null, "", `#d=${text}`);
  try {
    await navigator.clipboard.writeText(location.href);
    byId("status").textContent = "The link is in the clipboard.";
  } catch {
    byId("status").textContent = "The link is in the address bar.";
  }
}

function restore() {
  const text = new URLSearchParams(location.hash.slice(1)).get("d");
  const strokes = text && decode(text);
  if (strokes) paper.set(strokes);
  else if (text) state("error", "The drawing of this link cannot be read.");
}

async function examples() {
  const answer = await fetch("/page/examples.json");
  const { examples: known } = await answer.json();
  byId("examples").replaceChildren(
    ...known.map(({ name, strokes }) => {
      const [item, button, canvas] = ["li", "button", "canvas"].map((tag) =>
        document.createElement(tag),
      );
      canvas.width = canvas.height = 96;
      draw(canvas, strokes.lines);
      button.type = "button";
      button.title = name;
      button.setAttribute("aria-label", `Draw a ${name}`);
      button.append(canvas);
      button.addEventListener("click", () => paper.set(strokes.lines));
      item.append(button);
      return item;
    }),
  );
}

async function served() {
  const answer = await fetch("/v1/info", { headers: asker.headers() });
  if (!answer.ok) return;
  const { index, model } = await answer.json();
  byId("served").textContent = `${index.items?.toLocaleString() ?? ""} pictures, ${model.name}`;
}

function keys(event) {
  if (byId("large").open || event.target.matches("input[type=text], input[type=password]")) return;
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const act =
    command && key === "z" ? () => (event.shiftKey ? paper.redo() : paper.undo())
    : command && key === "y" ? () => paper.redo()
    : command || event.altKey ? null
    : key === "e" ? () => choose(true)
    : key === "p" ? () => choose(false)
    : key === "delete" || key === "backspace" ? () => paper.clear()
    : null;
  if (!act) return;
  event.preventDefault();
  act();
}

byId("pen").addEventListener("click", () => choose(false));
byId("eraser").addEventListener("click", () => choose(true));
byId("undo").addEventListener("click", () => paper.undo());
byId("redo").addEventListener("click", () => paper.redo());
byId("clear").addEventListener("click", () => paper.clear());
byId("width").addEventListener("input", (event) => (paper.width = Number(event.target.value)));
byId("copy").addEventListener("click", copy);
byId("back").addEventListener("click", search);
byId("only").addEventListener("input", () => (like ? moreLike(like) : search()));
byId("ask-token").addEventListener("submit", (event) => {
  event.preventDefault();
  asker.useToken(byId("token").value);
  served();
});
document.addEventListener("keydown", keys);
addEventListener("hashchange", restore);
addEventListener("online", () => asker.last && asker.ask(...asker.last, 0));
search();
restore();
examples().catch(() => {});
served().catch(() => {});
