// A poster that plays its video while it is hovered or focused. The video element exists only during that time.
const HOVER_DELAY = 250;
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

class TakeTile extends HTMLElement {
  #timer = 0;
  #video = null;

  connectedCallback() {
    const link = this.closest("a") ?? this;
    link.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && this.#wait());
    link.addEventListener("pointerleave", () => this.#stop());
    link.addEventListener("focus", () => link.matches(":focus-visible") && this.#wait());
    link.addEventListener("blur", () => this.#stop());
  }

  disconnectedCallback() {
    this.#stop();
  }

  #wait() {
    if (reducedMotion.matches) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#play(), HOVER_DELAY);
  }

  #play() {
    if (this.#video) return;
    const video = document.createElement("video");
    Object.assign(video, { src: this.dataset.video, muted: true, loop: true, playsInline: true, tabIndex: -1 });
    video.setAttribute("aria-hidden", "true");
    video.addEventListener("playing", () => video.classList.add("is-playing"), { once: true });
    this.#video = video;
    this.append(video);
    video.play().catch(() => this.#stop());
  }

  #stop() {
    clearTimeout(this.#timer);
    if (!this.#video) return;
    this.#video.removeAttribute("src");
    this.#video.load(); // closes the connection
    this.#video.remove();
    this.#video = null;
  }
}

customElements.define("take-tile", TakeTile);
