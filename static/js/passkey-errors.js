// The library tells what went wrong with a passkey to the console; say it to the person instead.
const WORDS = {
  NotAllowedError: "The passkey was not used: it was turned down, or it took too long. Try again.",
  InvalidStateError: "This passkey or security key is on your account already.",
  SecurityError: "Passkeys work at this studio’s own address only, over a secure connection.",
};

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const box = document.createElement("div");
  box.className = "notice is-bad";
  const words = document.createElement("p");
  words.textContent = WORDS[event.detail.exception?.name] ?? "The passkey could not be used. Try again, or take another way.";
  box.append(words);
  document.getElementById("notices")?.replaceChildren(box);
});
