// A slot for a still. The file input below does the work (choosing, and dropping on it); htmx uploads at once.
// This adds what HTML cannot: paste, a mark while a file hovers, and the progress of the upload.
class StillSlot extends HTMLElement {
  connectedCallback() {
    for (const name of ["dragenter", "dragleave", "drop", "htmx:beforeRequest", "htmx:xhr:progress", "htmx:afterRequest"]) {
      this.addEventListener(name, this);
    }
  }

  get input() {
    return this.querySelector("input[type=file]");
  }

  get isEmpty() {
    return !this.querySelector("input[type=hidden]");
  }

  handleEvent(event) {
    if (event.type === "dragenter") this.classList.add("is-over");
    else if (event.type === "dragleave") this.classList.toggle("is-over", this.contains(event.relatedTarget));
    else if (event.type === "drop") this.classList.remove("is-over");
    else this.#progress(event);
  }

  put(file) {
    const files = new DataTransfer();
    files.items.add(file);
    this.input.files = files.files;
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #progress(event) {
    if (event.target !== this.input) return;
    const bar = this.querySelector("progress");
    bar.hidden = event.type === "htmx:afterRequest";
    if (event.type === "htmx:xhr:progress" && event.detail.lengthComputable) {
      bar.value = event.detail.loaded / event.detail.total;
    }
  }
}

customElements.define("still-slot", StillSlot);

// A picture pasted anywhere goes to the slot with the focus, else to the first empty one, else to the first.
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((candidate) => candidate.type.startsWith("image/"));
  const slots = [...document.querySelectorAll("still-slot")].filter((slot) => !slot.input.disabled);
  const slot = document.activeElement?.closest("still-slot") ?? slots.find((one) => one.isEmpty) ?? slots[0];
  if (!file || !slot) return;
  event.preventDefault();
  slot.put(file);
});
