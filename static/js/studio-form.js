// The studio's form: Ctrl+Enter submits, a refusal takes the focus, and a page from the browser's memory is made fresh.
class StudioForm extends HTMLElement {
  #ends = null;

  connectedCallback() {
    this.#ends = new AbortController();
    const { signal } = this.#ends;
    const form = this.querySelector("form");
    form.addEventListener("keydown", (event) => this.#submitByKey(event, form), { signal });
    form.addEventListener("htmx:beforeRequest", (event) => event.target === form && this.#setBusy(true), { signal });
    form.addEventListener("htmx:afterRequest", (event) => event.target === form && this.#setBusy(false), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && this.#refresh(), { signal });
    this.querySelector("[data-focus]")?.focus();
  }

  disconnectedCallback() {
    this.#ends.abort();
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

  // After "back" the old form would carry the key of the job that it has made already.
  #refresh() {
    this.#setBusy(false);
    window.htmx?.trigger("#options", "refresh");
  }
}

customElements.define("studio-form", StudioForm);
