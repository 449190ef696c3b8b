// <notice-bell person="7"> asks for the bell again when an open page hears that this person was told something.
class NoticeBell extends HTMLElement {
  #onLive = ({ detail }) => {
    if (detail.kind === "notice" && String(detail.author_id) === this.getAttribute("person")) {
      this.dispatchEvent(new CustomEvent("notice"));
    }
  };

  connectedCallback() {
    document.addEventListener("live", this.#onLive);
  }

  disconnectedCallback() {
    document.removeEventListener("live", this.#onLive);
  }
}

customElements.define("notice-bell", NoticeBell);
