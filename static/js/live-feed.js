/**
 * <live-feed src="/events/team"> keeps the rows of a page fresh.
 *
 * For each message the element fires "live" with the message as its detail, and the row `#job-<subject id>` is told
 * "changed"; a row says with `hx-trigger="changed"` how it renews itself. Messages are hints and hold nothing to show.
 *
 * When messages may have been missed, or no stream can be had, every row with `data-live` (those that are not
 * finished) is told "changed": once, or every five seconds until the stream is back.
 * A hidden tab holds no stream, since browsers allow a site only a few; when it is shown again it resumes.
 */

const POLL_EVERY = 5_000;
const TRY_AGAIN_AFTER = 30_000;

class LiveFeed extends HTMLElement {
  #source = null;
  #lastId = "";
  #poll = 0;
  #retry = 0;
  #onVisibility = () => (document.hidden ? this.#pause() : this.#open());

  connectedCallback() {
    document.addEventListener("visibilitychange", this.#onVisibility);
    if (!document.hidden) this.#open();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#pause();
  }

  #open() {
    this.#pause();
    if (!("EventSource" in window)) {
      this.#startPolling();
      return;
    }
    const source = new EventSource(this.#address(), { withCredentials: true });
    source.addEventListener("open", () => {
      this.#stopPolling();
      this.#setState("open");
    });
    source.addEventListener("sync", (event) => this.#sync(event));
    source.addEventListener("message", (event) => this.#receive(event));
    source.addEventListener("error", () => {
      this.#startPolling();
      // The browser reconnects by itself, unless it was answered with an error.
      if (source.readyState === EventSource.CLOSED) this.#retry = setTimeout(() => this.#open(), TRY_AGAIN_AFTER);
    });
    this.#source = source;
  }

  #address() {
    const url = new URL(this.getAttribute("src"), document.baseURI);
    if (this.#lastId) url.searchParams.set("after", this.#lastId);
    return url;
  }

  #pause() {
    this.#source?.close();
    this.#source = null;
    clearTimeout(this.#retry);
    this.#stopPolling();
  }

  #startPolling() {
    if (this.#poll) return;
    this.#setState("polling");
    this.#poll = setInterval(() => this.#refreshAll(), POLL_EVERY);
  }

  #stopPolling() {
    clearInterval(this.#poll);
    this.#poll = 0;
  }

  #sync(event) {
    this.#lastId = event.lastEventId;
    if (!JSON.parse(event.data).complete) this.#refreshAll();
  }

  #receive(event) {
    this.#lastId = event.lastEventId;
    const detail = JSON.parse(event.data);
    this.dispatchEvent(new CustomEvent("live", { detail, bubbles: true }));
    refresh(document.getElementById(`job-${detail.subject_id}`));
  }

  #refreshAll() {
    for (const row of document.querySelectorAll("[data-live]")) refresh(row);
  }

  #setState(state) {
    this.dataset.state = state;
  }
}

function refresh(row) {
  // htmx listens for DOM events, so a row needs nothing from us but this.
  row?.dispatchEvent(new CustomEvent("changed"));
}

// A row that is told "changed" while it is being fetched may get the older state; htmx queues the second fetch, but
// drops the queue together with the row that it replaces. So the new row is told again.
const overtaken = new Set();

function noteOvertaken(event) {
  if (event.target.classList?.contains("htmx-request")) overtaken.add(event.target.id);
}

function tellAgain(event) {
  if (overtaken.delete(event.target.id)) refresh(event.target);
}

document.addEventListener("changed", noteOvertaken, { capture: true });
document.addEventListener("htmx:afterSettle", tellAgain); // not sooner: until then the new row does not listen

customElements.define("live-feed", LiveFeed);
