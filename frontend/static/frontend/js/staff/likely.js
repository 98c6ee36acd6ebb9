// While a new family is typed, those that are likely the same one show by themselves. Without this file they show with
// the times, and before anything is booked.
const form = document.querySelector("[data-likely]");
const TELLING = ["first_name", "last_name", "phone", "email", "child_first_name", "child_born_on"];

const ask = async () => {
  const answer = await fetch(form.action, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    headers: { "X-Likely": "1" },
  });
  if (!answer.ok) return;
  document.dispatchEvent(new Event("heard"));
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#likely");
  const old = form.querySelector("#likely");
  if (!fresh || old.contains(document.activeElement)) return;
  // What was seen stays seen only when a button is pressed: a glance at a growing list is no decision.
  fresh.querySelector("[name=known]").value = old.querySelector("[name=known]").value;
  old.innerHTML = fresh.innerHTML;
};

form?.addEventListener("change", (event) => {
  if (TELLING.includes(event.target.name)) ask().catch(() => {});
});
