// A frame-accurate player. The native controls are visible until this element has started.
//
// The state is one number: the current frame, 0 to N - 1. To show frame n, seek to its middle, (n + 0.5) / rate,
// because a time at the edge of a frame may round to the next frame. requestVideoFrameCallback reports the frame that
// is really displayed.
const two = (number) => String(number).padStart(2, "0");

class TakePlayer extends HTMLElement {
  #video;
  #frames;
  #rate;
  #frame = 0;

  connectedCallback() {
    this.#video = this.querySelector("video");
    this.#frames = Number(this.dataset.frames);
    const [numerator, denominator] = this.dataset.rate.split("/").map(Number);
    this.#rate = numerator / denominator;
    if (!this.#frames || !this.#rate) return;
    this.#replaceControls();
    this.addEventListener("click", (event) => this.#act(event.target.closest("[data-action]")?.dataset.action));
    this.addEventListener("keydown", (event) => this.#key(event));
    this.#seek.addEventListener("input", () => this.show(this.#seek.valueAsNumber));
    this.#video.addEventListener("click", () => this.toggle());
    for (const name of ["play", "pause", "volumechange"]) this.#video.addEventListener(name, () => this.#mark());
    this.#follow();
    this.#mark();
    this.#write();
  }

  get #seek() {
    return this.querySelector(".seek");
  }

  get frame() {
    return this.#frame;
  }

  toggle() {
    if (this.#video.paused) this.#video.play().catch(() => {});
    else this.#video.pause();
  }

  show(frame) {
    this.#video.pause();
    this.#frame = Math.min(this.#frames - 1, Math.max(0, frame));
    this.#video.currentTime = (this.#frame + 0.5) / this.#rate;
    this.#write();
  }

  #replaceControls() {
    this.#video.controls = false;
    this.querySelector(".player-controls").hidden = false;
    this.#seek.max = this.#frames - 1;
    this.querySelector("[data-out=last]").textContent = this.#frames - 1;
    this.tabIndex = 0;
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", "Player");
  }

  #follow() {
    const video = this.#video;
    if ("requestVideoFrameCallback" in video) {
      const shown = (_now, data) => {
        this.#read(data.mediaTime, 0.5);
        video.requestVideoFrameCallback(shown);
      };
      video.requestVideoFrameCallback(shown);
    } else {
      video.addEventListener("timeupdate", () => this.#read(video.currentTime, 0));
    }
  }

  #read(time, rounding) {
    if (this.#video.seeking) return;
    this.#frame = Math.min(this.#frames - 1, Math.floor(time * this.#rate + rounding));
    this.#write();
  }

  #write() {
    const base = Math.round(this.#rate);
    const seconds = Math.floor(this.#frame / base);
    const time = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}:${two(this.#frame % base)}`;
    this.querySelector("[data-out=frame]").value = this.#frame;
    this.querySelector("[data-out=time]").value = time;
    this.#seek.valueAsNumber = this.#frame;
    this.#seek.setAttribute("aria-valuetext", `frame ${this.#frame} of ${this.#frames - 1}`);
  }

  #act(name) {
    const actions = {
      toggle: () => this.toggle(),
      previous: () => this.show(this.#frame - 1),
      next: () => this.show(this.#frame + 1),
      loop: () => this.#loop(),
      mute: () => (this.#video.muted = !this.#video.muted),
      fullscreen: () => this.#fullscreen(),
    };
    actions[name]?.();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("button") && [" ", "Enter"].includes(event.key)) return;
    const step = event.shiftKey ? 10 : 1;
    const keys = {
      " ": () => this.toggle(),
      k: () => this.toggle(),
      ArrowLeft: () => this.show(this.#frame - step),
      ArrowRight: () => this.show(this.#frame + step),
      Home: () => this.show(0),
      End: () => this.show(this.#frames - 1),
      L: () => this.#loop(),
      m: () => this.#act("mute"),
      f: () => this.#fullscreen(),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  #loop() {
    this.#video.loop = !this.#video.loop;
    this.#mark();
  }

  #fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.requestFullscreen?.().catch(() => {});
  }

  #mark() {
    const { paused, muted, loop } = this.#video;
    this.classList.toggle("is-playing", !paused);
    this.#swap("toggle", { paused, playing: !paused });
    this.querySelector("[data-action=toggle]").setAttribute("aria-label", paused ? "Play" : "Pause");
    this.#swap("mute", { loud: !muted, mute: muted });
    this.querySelector("[data-action=mute]")?.setAttribute("aria-pressed", String(muted));
    this.querySelector("[data-action=loop]").setAttribute("aria-pressed", String(loop));
  }

  #swap(act, shown) {
    for (const [name, isShown] of Object.entries(shown)) {
      this.querySelector(`[data-action=${act}] [data-when=${name}]`)?.toggleAttribute("hidden", !isShown);
    }
  }
}

customElements.define("take-player", TakePlayer);
