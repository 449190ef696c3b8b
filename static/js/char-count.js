// Count characters as the server does: code points instead of UTF-16 units, and a line break as one.
class CharCount extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", () => this.#count());
    this.#count();
  }

  #count() {
    const field = this.querySelector("textarea");
    const output = this.querySelector("output");
    const limit = Number(output.dataset.limit);
    const length = [...field.value].length;
    const isOver = length > limit;
    output.value = `${length.toLocaleString("en")} / ${limit.toLocaleString("en")}`;
    output.classList.toggle("is-over", isOver);
    field.toggleAttribute("aria-invalid", isOver);
    if (isOver) field.setAttribute("aria-invalid", "true");
  }
}

customElements.define("char-count", CharCount);
