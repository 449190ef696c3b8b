/**
 * <live-feed src="/events/team"> updates the job rows of a page from an event stream.
 *
 * For each message the element dispatches "live" with the message as its detail, and dispatches "changed" on the row
 * `#job-<subject id>`. The row reloads itself with `hx-trigger="changed"`. Messages contain no data to display.
 *
 * If messages may have been missed, every unfinished row (`data-live`) gets "changed" once. While no stream is
 * available, it gets "changed" every five seconds.
 * A hidden tab closes its stream, because browsers limit connections per site, and resumes when it is visible again.
 */

const POLL_EVERY = 5_000;
const RECONNECT_AFTER = 30_000;

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
      // The browser reconnects automatically, unless the response was an error.
      if (source.readyState === EventSource.CLOSED) this.#retry = setTimeout(() => this.#open(), RECONNECT_AFTER);
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
  // htmx listens for DOM events, so this event is enough.
  row?.dispatchEvent(new CustomEvent("changed"));
}

// A row that gets "changed" during a request may show the older state: htmx queues the second request, but drops the
// queue together with the row that it replaces. So dispatch "changed" again on the new row.
const missed = new Set();

function rememberMissed(event) {
  if (event.target.classList?.contains("htmx-request")) missed.add(event.target.id);
}

function repeatMissed(event) {
  if (missed.delete(event.target.id)) refresh(event.target);
}

document.addEventListener("changed", rememberMissed, { capture: true });
document.addEventListener("htmx:afterSettle", repeatMissed); // the new row has no listeners before this

customElements.define("live-feed", LiveFeed);
