// Show the number of unfinished jobs in the page title.
class RunningCount extends HTMLElement {
  connectedCallback() {
    this.addEventListener("htmx:afterSettle", () => this.#count());
  }

  #count() {
    const running = this.querySelectorAll("[data-live]").length;
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = running ? `(${running}) ${title}` : title;
  }
}

customElements.define("running-count", RunningCount);
