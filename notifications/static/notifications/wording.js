/* The preview follows what is typed. Without this, the button "Aperçu" does the same. */
const form = document.querySelector(".wording-form");
const WAIT = 400;
let timer;
let asked = 0;

async function refresh() {
  const mine = (asked += 1);
  const data = new FormData(form);
  data.set("do", "preview");
  const answer = await fetch(location.href, { method: "POST", body: data });
  if (!answer.ok || mine !== asked) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("#preview");
  if (fresh) document.querySelector("#preview").replaceChildren(...fresh.childNodes);
}

form?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => refresh().catch(() => {}), WAIT);
});
