// Studio form: Ctrl+Enter submits, an error message receives the focus, and a page restored from the browser's
// back/forward cache is refreshed.
class StudioForm extends HTMLElement {
  #listeners = null;

  connectedCallback() {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    const form = this.querySelector("form");
    form.addEventListener("keydown", (event) => this.#submitByKey(event, form), { signal });
    form.addEventListener("htmx:beforeRequest", (event) => event.target === form && this.#setBusy(true), { signal });
    form.addEventListener("htmx:afterRequest", (event) => event.target === form && this.#setBusy(false), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && this.#refresh(), { signal });
    this.querySelector("[data-focus]")?.focus();
  }

  disconnectedCallback() {
    this.#listeners.abort();
  }

  #submitByKey(event, form) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit(this.querySelector("#generate"));
  }

  #setBusy(isBusy) {
    const button = this.querySelector("#generate");
    button.setAttribute("aria-busy", String(isBusy));
    button.disabled = isBusy;
  }

  // After "back" the form would still contain the idempotency key of the job that it created.
  #refresh() {
    this.#setBusy(false);
    window.htmx?.trigger("#options", "refresh");
  }
}

customElements.define("studio-form", StudioForm);
