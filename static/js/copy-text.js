// A button beside a text that cannot be seen again, or is long to select: one click puts it on the clipboard.
const CALM = 2000;

class CopyText extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", () => this.#copy());
  }

  async #copy() {
    const label = this.querySelector("button span");
    const text = this.querySelector("code");
    const word = (label.dataset.word ??= label.textContent);
    try {
      await navigator.clipboard.writeText(text.textContent);
      label.textContent = "Copied";
    } catch {
      // Not allowed, or not over TLS: the text is selected, and the keyboard does the rest.
      getSelection().selectAllChildren(text);
      label.textContent = "Selected";
    }
    setTimeout(() => (label.textContent = word), CALM);
  }
}

customElements.define("copy-text", CopyText);
