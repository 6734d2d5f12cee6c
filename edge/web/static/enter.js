// Takes what stands behind the link's # into the form and sends it, so that it is in no address any more.
function enter() {
  const field = document.getElementById("secret");
  const secret = location.hash.slice(1);
  if (!field || !secret) return;
  history.replaceState(null, "", location.pathname);
  field.value = secret;
  field.form.submit();
}

addEventListener("hashchange", enter); // the link was put into a tab that shows this page already
enter();
