// Asks the service: the newest question alone, soon after the last change.

const SOON = 140; // ms after the last change
const SLOW = 400; // ms, after which a search shows that it is slow
const TIMEOUT = 15000;

export class Asker {
  // `told(state, answer or message)`; states: searching, slow, answered, error, offline, waiting,
  // token.
  constructor(told) {
    this.told = told;
    this.number = 0;
    this.token = sessionStorage.getItem("token") ?? "";
  }

  headers(more = {}) {
    return this.token ? { ...more, Authorization: `Bearer ${this.token}` } : more;
  }

  useToken(token) {
    this.token = token.trim();
    sessionStorage.setItem("token", this.token);
    if (this.last) this.ask(...this.last, 0);
  }

  forget() {
    this.number += 1;
    this.last = null;
    clearTimeout(this.timer);
    this.controller?.abort();
  }

  ask(path, body, wait = SOON) {
    this.forget();
    this.last = [path, body];
    this.told("searching");
    const number = this.number;
    this.timer = setTimeout(() => this.send(path, body, number, 0), wait);
  }

  async send(path, body, number, tries) {
    if (number !== this.number) return;
    this.controller = new AbortController();
    const { signal } = this.controller;
    const ended = setTimeout(() => this.controller.abort("timeout"), TIMEOUT);
    const slow = setTimeout(() => number === this.number && this.told("slow"), SLOW);
    try {
      const headers = this.headers({ "Content-Type": "application/json" });
      const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal });
      const values = await answer.json();
      if (number === this.number) this.hear(answer, values, path, body, number, tries);
    } catch (error) {
      if (number !== this.number) return; // another question has taken its place
      this.told("offline", "The service does not answer. Trying again…");
      this.again(path, body, number, tries);
    } finally {
      clearTimeout(ended);
      clearTimeout(slow);
    }
  }

  hear(answer, values, path, body, number, tries) {
    if (answer.ok) {
      this.told("answered", values);
    } else if (answer.status === 401) {
      this.told("token", "This service needs a token.");
    } else if (answer.status === 503 || answer.status === 429) {
      this.told("waiting", `${sentence(values.error.message)} Trying again…`);
      this.again(path, body, number, tries, Number(answer.headers.get("Retry-After")) * 1000);
    } else {
      this.told("error", sentence(values.error?.message ?? "The search failed"));
    }
  }

  again(path, body, number, tries, wait = 0) {
    const pause = Math.max(wait, Math.min(8000, 500 * 2 ** tries));
    this.timer = setTimeout(() => this.send(path, body, number, tries + 1), pause);
  }
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
