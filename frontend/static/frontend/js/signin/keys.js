// A form that waits for a passkey: it asks for options, has the key answer, and is then sent.
const decode = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const encode = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const decoded = ({ publicKey: asked }) => {
  const known = (list) => (list ?? []).map((each) => ({ ...each, id: decode(each.id) }));
  const options = { ...asked, challenge: decode(asked.challenge) };
  if (asked.user) options.user = { ...asked.user, id: decode(asked.user.id) };
  if (asked.excludeCredentials) options.excludeCredentials = known(asked.excludeCredentials);
  if (asked.allowCredentials) options.allowCredentials = known(asked.allowCredentials);
  return { publicKey: options };
};

const encoded = (credential) => {
  const { response } = credential;
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const said = names.filter((name) => response[name]).map((name) => [name, encode(response[name])]);
  return JSON.stringify({
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response: Object.fromEntries(said),
    clientExtensionResults: credential.getClientExtensionResults(),
  });
};

document.querySelectorAll("[data-key]").forEach((form) => {
  if (!window.PublicKeyCredential) return;
  const failed = form.querySelector("[data-key-failed]");
  form.hidden = false;
  form.closest("[data-with-key]")?.removeAttribute("hidden");

  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    failed.hidden = true;
    try {
      const answer = await fetch(form.dataset.options, { method: "post", body: new FormData(form) });
      const options = decoded(await answer.json());
      const credential = await navigator.credentials[form.dataset.key](options);
      form.elements.credential.value = encoded(credential);
      form.requestSubmit();
    } catch {
      failed.hidden = false;
      form.querySelector("[type=submit]").disabled = false;
    }
  });
});
