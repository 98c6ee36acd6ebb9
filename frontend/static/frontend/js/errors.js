// After a refused form, start reading at the list of errors, and open whatever hides one.
document.querySelectorAll("details:not([open])").forEach((details) => {
  if (details.querySelector("[aria-invalid='true']")) details.open = true;
});

document.querySelector(".error-summary")?.focus();
