// A page that answered a form becomes an ordinary one in the history: going back to it, or reloading it, asks the
// server anew instead of warning about sending the form again. Every such address has a page of its own.
history.replaceState(history.state, "", location.href);
