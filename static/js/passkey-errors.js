// allauth logs passkey errors to the console. Show them on the page instead.
const MESSAGES = {
  NotAllowedError: "The passkey request was canceled or timed out. Try again.",
  InvalidStateError: "This passkey or security key is already registered.",
  SecurityError: "Passkeys work only at this site’s own address, over HTTPS.",
};

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const box = document.createElement("div");
  box.className = "message is-error";
  const paragraph = document.createElement("p");
  paragraph.textContent = MESSAGES[event.detail.exception?.name] ?? "The passkey failed. Try again or use another method.";
  box.append(paragraph);
  document.getElementById("messages")?.replaceChildren(box);
});
