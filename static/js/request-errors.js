// Say so when a request of htmx got no answer that can be shown.
const WORDS = {
  "htmx:sendError": "The studio cannot be reached. Check the connection and try again.",
  "htmx:timeout": "The studio took too long to answer. Try again.",
  "htmx:responseError": "Something went wrong here. Nothing was charged for it; try again in a moment.",
};

function notice(text) {
  const box = document.createElement("div");
  box.className = "notice is-bad";
  const words = document.createElement("p");
  words.textContent = text;
  box.append(words);
  document.getElementById("notices")?.replaceChildren(box);
}

for (const [name, text] of Object.entries(WORDS)) {
  document.addEventListener(name, (event) => {
    // A refresh in the background fails silently: the next one may succeed.
    if (event.detail.requestConfig?.verb !== "get") notice(text);
  });
}
