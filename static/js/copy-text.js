// A button that copies the text beside it to the clipboard.
const RESET_AFTER = 2000;

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
      // Clipboard access is denied or the page is not served over TLS: select the text, so that Ctrl+C copies it.
      getSelection().selectAllChildren(text);
      label.textContent = "Selected";
    }
    setTimeout(() => (label.textContent = word), RESET_AFTER);
  }
}

customElements.define("copy-text", CopyText);
