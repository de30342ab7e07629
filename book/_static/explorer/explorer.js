/* The explorer: what is shown stands in the address after #, so that a link reopens it. */
"use strict";

(() => {
  const { data, parts, search, groceries, photographs, DataError } = alikeExplorer;
  const { el, switches, markSame } = parts;
  const $ = (id) => document.getElementById(`ex-${id}`);
  const pageTitle = document.title;
  let state = { view: "groceries", product: null, department: "", only: false, methods: null,
    photo: null, photoMethods: null }; // null of methods: all of them
  let ticket = 0; // of the newest view asked for: an older one that arrives late is dropped
  let clicked = false; // whether the reader asked for the next view here, not by the back button
  const phone = { key: null }; // the list shown where there is room for one only

  /* ---------------------------------------------------------------- the address */

  /** The address's part after # for a state; what is as at the start is left out. */
  function hashOf(changes) {
    const { view, product, department, only, methods, photo, photoMethods } =
      { ...state, ...changes };
    const words = new URLSearchParams();
    const put = (name, value) => value && words.set(name, value);
    if (view === "photos") {
      words.set("v", "photos");
      put("n", photo === null ? "" : String(photo));
      put("m", listed(photoMethods, state.allPhotoMethods));
    } else {
      put("p", product);
      put("d", department);
      put("only", department && only ? "1" : "");
      put("m", listed(methods, state.allMethods));
    }
    return `#${words.toString().replaceAll("%2C", ",") || "v=groceries"}`;
  }

  const listed = (keys, all) =>
    !keys || keys.length === all?.length ? "" : keys.join(",") || "none";

  /** Read the address; null where it names a place on the page and not a view. */
  function readHash() {
    const text = location.hash.slice(1);
    if (text && !text.includes("=")) return null;
    const words = new URLSearchParams(text);
    const methods = words.get("m") ? words.get("m").split(",") : null;
    if (words.get("v") === "photos") {
      return { view: "photos", photo: words.get("n"), photoMethods: methods };
    }
    return { view: "groceries", product: words.get("p"), department: words.get("d") ?? "",
      only: words.get("only") === "1", methods };
  }

  /** A change that the back button skips: a switch, a filter. */
  function replace(changes) {
    const hash = hashOf(changes);
    try {
      history.replaceState(null, "", hash);
    } catch {
      location.replace(hash); // some browsers refuse the former for files
      return;
    }
    follow({ moved: false });
  }

  /** A change that the back button undoes. */
  function go(hash) {
    clicked = true;
    $("root").setAttribute("aria-busy", "true");
    if (location.hash === hash) arrive();
    else location.hash = hash;
  }

  /* ---------------------------------------------------------------- showing */

  function tell(text) {
    $("message").textContent = text;
    $("message").hidden = !text;
  }

  function arrive() {
    follow({ moved: clicked });
    clicked = false;
  }

  /** Show what the address says. */
  async function follow({ moved }) {
    const asked = readHash() ?? (ticket ? null : {});
    if (!asked) return;
    const mine = ++ticket;
    state = { ...state, ...asked };
    showView();
    try {
      const shown = await (state.view === "photos" ? preparePhotos() : prepareGroceries());
      if (mine !== ticket) return;
      tell("");
      shown(moved);
    } catch (error) {
      if (mine !== ticket) return;
      if (!(error instanceof DataError)) throw error;
      result().replaceChildren();
      tell(error.message);
    } finally {
      if (mine === ticket) $("root").removeAttribute("aria-busy");
    }
  }

  const result = () => $(state.view === "photos" ? "photo" : "product");

  function showView() {
    $("root").setAttribute("aria-busy", "true");
    $("copied").textContent = "";
    $("link").hidden = true;
    const photos = state.view === "photos";
    $("groceries").hidden = photos;
    $("photographs").hidden = !photos;
    $("product").hidden = photos;
    $("photo").hidden = !photos;
    $("edition").hidden = photos;
    relink();
    for (const [name, view] of [["to-groceries", "groceries"], ["to-photos", "photos"]]) {
      $(name).setAttribute("href", hashOf({ view }));
      if (view === state.view) $(name).setAttribute("aria-current", "page");
      else $(name).removeAttribute("aria-current");
    }
  }

  /** Put a panel on the page; where the reader asked for it, go there and say so. */
  function put(panel, moved) {
    const box = result();
    const focused = box.contains(document.activeElement) ? document.activeElement : null;
    box.replaceChildren(...panel);
    const heading = box.querySelector("h2");
    const same = focused?.id && document.getElementById(focused.id); // a box ticked here
    if (moved) heading.focus({ preventScroll: true });
    else if (focused) (same || heading).focus({ preventScroll: true });
    if (moved) heading.scrollIntoView({ block: "start" });
    const lists = box.querySelectorAll(".ex-method").length;
    $("status").textContent =
      `${heading.textContent}: ${parts.many(lists, "list", "lists")} of neighbours.`;
    document.title = `${heading.textContent} · ${pageTitle}`;
  }

  /* ---------------------------------------------------------------- groceries */

  let setSwitches = null;

  async function prepareGroceries() {
    const catalogue = await data.products();
    if (!setSwitches) wireGroceries(catalogue);
    state.methods = knownKeys(state.methods, catalogue.methods);
    setSwitches(state.methods);
    if (!catalogue.departments.includes(state.department)) state.department = "";
    $("department").value = state.department;
    const id = state.product ?? $("root").dataset.first;
    const product = catalogue.ids.indexOf(id);
    if (product < 0) throw unknownProduct(id, catalogue);
    const lists = await data.neighbours(catalogue, product);
    return (moved) => {
      const scene = groceries.makeScene(catalogue, product, lists, state, hashOf);
      put(groceries.panel(scene, onlyBox(), phone), moved);
    };
  }

  function unknownProduct(id, catalogue) {
    return new DataError(`The link asks for product number ${id}, which is not among the ` +
      `${catalogue.count.toLocaleString("en")} products of this catalogue. Perhaps the link was ` +
      "cut short, or made for another edition. Type a name above, or take one of the products " +
      "to start with.");
  }

  function knownKeys(keys, methods) {
    const all = methods.map(({ key }) => key);
    return keys ? all.filter((key) => keys.includes(key)) : all;
  }

  /** The products to start with keep the reader's department and methods; examples have theirs. */
  function relink() {
    for (const link of $("root").querySelectorAll("a[data-go]")) {
      link.setAttribute("href", `#${link.dataset.go}`);
    }
    for (const link of $("start").querySelectorAll("a[data-product]")) {
      link.setAttribute("href", hashOf({ product: link.dataset.product }));
    }
  }

  function onlyBox() {
    if (!state.department) return null;
    const box = el("input", { type: "checkbox", id: "ex-only", checked: state.only });
    box.addEventListener("change", () => replace({ only: box.checked }));
    return el("p", {}, el("label", {}, box, ` Show neighbours of ${state.department} only`));
  }

  function wireGroceries(catalogue) {
    state.allMethods = catalogue.methods.map(({ key }) => key);
    setSwitches = switches($("methods"), catalogue.methods, (methods) => replace({ methods }));
    $("department").append(...catalogue.departments.map((name) =>
      el("option", { value: name }, name)));
    const inside = (item) =>
      !state.department || groceries.department(catalogue, item) === state.department;
    const box = search.combobox({
      field: $("field"), list: $("list"), status: $("found"), index: search.makeIndex(catalogue),
      describe: (item) => option(catalogue, item),
      choose: (item) => go(hashOf({ product: catalogue.ids[item] })),
      allowed: inside,
      where: () => (state.department ? `of ${state.department}` : ""),
    });
    $("department").addEventListener("change", () => {
      replace({ department: $("department").value });
      box.refresh();
    });
    $("surprise").addEventListener("click", () => {
      const items = catalogue.ids.map((_, i) => i).filter(inside);
      const item = items[Math.floor(Math.random() * items.length)];
      go(hashOf({ product: catalogue.ids[item] }));
    });
    for (const id of ["field", "department", "surprise"]) $(id).disabled = false;
    $("edition").textContent =
      `The lists were learned from weeks ${catalogue.weeks} and made on ${day(catalogue.made)}.`;
  }

  const day = (date) => new Date(date).toLocaleDateString("en-GB",
    { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

  function option(catalogue, item) {
    return el("li", {}, catalogue.names[item],
      el("span", { class: "ex-meta" }, ` ${groceries.department(catalogue, item)}, ` +
        parts.many(catalogue.buyers[item], "buyer", "buyers")));
  }

  /* ---------------------------------------------------------------- photographs */

  let setPhotoSwitches = null;

  async function preparePhotos() {
    const photos = await data.photos();
    if (!setPhotoSwitches) wirePhotos(photos);
    state.photoMethods = knownKeys(state.photoMethods, photos.methods);
    setPhotoSwitches(state.photoMethods);
    $("samples").replaceChildren(...photographs.samples(photos, hashOf));
    const photo = state.photo === null ? 0 : Number(state.photo || NaN);
    if (!Number.isInteger(photo) || photo < 0 || photo >= photos.count) {
      throw new DataError(`There is no photograph ${state.photo}: they are numbered from 0 to ` +
        `${photos.count - 1}. Type such a number, or choose one below it.`);
    }
    state.photo = photo;
    $("number").value = String(photo);
    return (moved) =>
      put(photographs.panel(photographs.makeScene(photos, photo, state, hashOf)), moved);
  }

  function wirePhotos(photos) {
    state.allPhotoMethods = photos.methods.map(({ key }) => key);
    setPhotoSwitches = switches($("photo-methods"), photos.methods,
      (photoMethods) => replace({ photoMethods }));
    $("number").max = String(photos.count - 1);
    $("choose").addEventListener("submit", (event) => {
      event.preventDefault();
      go(hashOf({ photo: $("number").value }));
    });
    $("photo-surprise").addEventListener("click", () =>
      go(hashOf({ photo: Math.floor(Math.random() * photos.count) })));
    for (const id of ["number", "show", "photo-surprise"]) $(id).disabled = false;
  }

  /* ---------------------------------------------------------------- the link */

  /** Copy the link; where the browser refuses, show it, chosen, to be copied by hand. */
  async function copyLink() {
    const product = state.product ?? $("root").dataset.first;
    const link = location.href.split("#")[0] + hashOf({ product });
    const field = $("link");
    field.value = link;
    try {
      await navigator.clipboard.writeText(link);
      field.hidden = true;
      $("copied").textContent = "The link is copied.";
    } catch {
      field.hidden = false;
      field.select();
      $("copied").textContent = "Copy the link from the field.";
    }
  }

  $("copy").addEventListener("click", copyLink);
  markSame($("product"));
  markSame($("photo"));
  // A link of the explorer moves the reader to the new heading; the back button does not.
  $("root").addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(link.getAttribute("href"));
  });
  window.addEventListener("hashchange", arrive);
  alikeExplorer.started = true;
  follow({ moved: false });
})();
