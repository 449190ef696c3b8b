// <notifications-link user="7"> reloads the unread count when the live feed reports a new notification for this user.
class NotificationsLink extends HTMLElement {
  #onLive = ({ detail }) => {
    if (detail.kind === "notice" && String(detail.author_id) === this.getAttribute("user")) {
      this.dispatchEvent(new CustomEvent("notification"));
    }
  };

  connectedCallback() {
    document.addEventListener("live", this.#onLive);
  }

  disconnectedCallback() {
    document.removeEventListener("live", this.#onLive);
  }
}

customElements.define("notifications-link", NotificationsLink);
