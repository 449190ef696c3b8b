// Update an elapsed time every second: m:ss, or h:mm:ss from one hour on.
const two = (number) => String(number).padStart(2, "0");

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${two(minutes % 60)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

class ElapsedTime extends HTMLElement {
  #timer = 0;

  connectedCallback() {
    this.#timer = setInterval(() => this.#tick(), 1000);
    this.#tick();
  }

  disconnectedCallback() {
    clearInterval(this.#timer);
  }

  #tick() {
    const seconds = Math.floor((Date.now() - Date.parse(this.getAttribute("since"))) / 1000);
    this.textContent = clock(Math.max(0, seconds));
  }
}

customElements.define("elapsed-time", ElapsedTime);
