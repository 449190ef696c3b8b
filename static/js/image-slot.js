// A slot for one image. The file input handles choosing and dropping a file, and htmx uploads it immediately.
// This element adds pasting, a highlight while a file is dragged over it, and upload progress.
class ImageSlot extends HTMLElement {
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

customElements.define("image-slot", ImageSlot);

// A pasted image goes to the focused slot, or the first empty slot, or the first slot.
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((candidate) => candidate.type.startsWith("image/"));
  const slots = [...document.querySelectorAll("image-slot")].filter((slot) => !slot.input.disabled);
  const slot = document.activeElement?.closest("image-slot") ?? slots.find((one) => one.isEmpty) ?? slots[0];
  if (!file || !slot) return;
  event.preventDefault();
  slot.put(file);
});
