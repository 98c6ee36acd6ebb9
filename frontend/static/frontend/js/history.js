// A page that answered a form becomes an ordinary one in the history: going back to it, or reloading it, asks the
// server anew instead of warning about sending the form again. Every such address has a page of its own; only one that
// would come back empty stays what it is.
if (!document.querySelector("[data-resend]")) history.replaceState(history.state, "", location.href);
