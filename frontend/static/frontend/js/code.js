// A code pasted as "123 456" would be cut at six characters before anyone could clean it.
document.querySelectorAll("input[autocomplete='one-time-code']").forEach((input) => {
  input.addEventListener("paste", (event) => {
    const digits = event.clipboardData?.getData("text").replace(/\D/g, "");
    if (!digits) return;
    event.preventDefault();
    input.value = digits.slice(0, 6);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
});
