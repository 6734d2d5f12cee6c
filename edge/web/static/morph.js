// Turns what stands in an element into other HTML and keeps every node that can stay: what is focused, half typed,
// opened or held down is not lost. Nodes are matched by id or data-key, else by their kind in their order.

export function morph(element, next) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  children(element, next);
  if (focused && focused.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

const keyOf = (node) => (node.nodeType === 1 ? node.id || node.dataset?.key || "" : "");

const alike = (one, other) =>
  one.nodeType === other.nodeType && one.nodeName === other.nodeName && keyOf(one) === keyOf(other);

function children(old, next) {
  const wantedKeys = new Set([...next.childNodes].map(keyOf).filter(Boolean));
  const keyed = new Map();
  for (const node of old.childNodes) if (keyOf(node)) keyed.set(keyOf(node), node);
  let at = old.firstChild;
  for (const wanted of [...next.childNodes]) {
    while (at && keyOf(at) && !wantedKeys.has(keyOf(at))) at = without(at);
    const key = keyOf(wanted);
    let found = null;
    if (key) {
      const node = keyed.get(key);
      if (node && alike(node, wanted)) found = node;
    } else found = ahead(at, wanted);
    if (!found) {
      old.insertBefore(wanted, at);
      continue;
    }
    if (key && found !== at) old.insertBefore(found, at);
    else {
      while (at !== found) at = wantedKeys.has(keyOf(at)) ? at.nextSibling : without(at);
      at = found.nextSibling;
    }
    same(found, wanted);
  }
  while (at) at = without(at);
}

// The next sibling without a key that is of the same kind; what is focused is not given up for it.
function ahead(at, wanted) {
  for (let node = at; node; node = node.nextSibling) {
    if (!keyOf(node) && alike(node, wanted)) return node;
    if (node.contains(document.activeElement)) return null;
  }
  return null;
}

function without(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function same(old, next) {
  if (old.nodeType !== 1) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    return;
  }
  if (old.dataset?.keep !== undefined) return; // a module's own
  if (old.nodeName === "IMG" && next.complete && next.getAttribute("src") !== old.getAttribute("src")) {
    old.replaceWith(next); // it is loaded already, so nothing flickers
    return;
  }
  attributes(old, next);
  children(old, next);
}

const isHis = (field) =>
  field === document.activeElement ||
  (field.type === "checkbox" || field.type === "radio"
    ? field.checked !== field.defaultChecked
    : field.value !== field.defaultValue);

function attributes(old, next) {
  const field = old.nodeName === "INPUT";
  const typed = field && old.type !== "hidden" && isHis(old);
  for (const { name } of [...old.attributes]) {
    if (next.hasAttribute(name)) continue;
    if (name === "open" && old.matches("details, dialog")) continue;
    if (name === "aria-busy" || (typed && name === "checked")) continue;
    old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (old.getAttribute(name) === value) continue;
    if (typed && (name === "value" || name === "checked")) continue;
    if (name === "open" && old.matches("details, dialog")) continue;
    old.setAttribute(name, value);
  }
  if (old.nodeName === "OPTION" && !old.parentElement?.matches(":focus")) {
    const chosen = next.hasAttribute("selected");
    if (chosen && !old.defaultSelected) old.selected = true;
  }
  if (field && !typed) {
    if (old.type === "checkbox" || old.type === "radio") old.checked = next.hasAttribute("checked");
    else if (old.value !== next.getAttribute("value")) old.value = next.getAttribute("value") ?? "";
  }
}
