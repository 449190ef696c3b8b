// Show a message when an htmx request fails without a response to display.
const MESSAGES = {
  "htmx:sendError": "Can't reach the server. Check your connection and try again.",
  "htmx:timeout": "The server took too long to respond. Try again.",
  "htmx:responseError": "Something went wrong. You were not charged. Try again.",
};

function showError(text) {
  const box = document.createElement("div");
  box.className = "message is-error";
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  box.append(paragraph);
  document.getElementById("messages")?.replaceChildren(box);
}

for (const [name, text] of Object.entries(MESSAGES)) {
  document.addEventListener(name, (event) => {
    // Ignore failed background refreshes: the next one may succeed.
    if (event.detail.requestConfig?.verb !== "get") showError(text);
  });
}
