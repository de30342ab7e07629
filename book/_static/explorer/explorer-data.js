/* Data of the explorer.  Files come by script tags, not by fetch: a page opened from a folder may
   not fetch.  Each data file calls alikeExplorer.products, .neighbours or .photos. */
"use strict";

(() => {
  const NONE = 65535; // an empty place in a list of neighbours
  const LENGTH = 10; // places in a list of neighbours
  const folder = new URL(".", document.currentScript.src).href;
  const delivered = new Map(); // file -> what its call handed over
  const wanted = new Map(); // file -> promise of its content

  /** What is wrong with a data file, in words for the reader. */
  class DataError extends Error {}

  const REMEDY =
    "Reload the page. If that does not help: a copied site is copied again, whole; " +
    "a site of your own is made anew by “make explorer” and “make book”.";

  function complain(file, what) {
    return new DataError(`The data file ${file} ${what}. ${REMEDY}`);
  }

  /** Load a data file once; a file that failed is asked for again the next time. */
  function load(file) {
    if (!wanted.has(file)) {
      const promise = new Promise((resolve, reject) => addScript(file, resolve, reject));
      promise.catch(() => wanted.delete(file));
      wanted.set(file, promise);
    }
    return wanted.get(file);
  }

  function addScript(file, resolve, reject) {
    const script = document.createElement("script");
    script.src = folder + file;
    script.onerror = () => reject(complain(file, "is missing or did not arrive"));
    // A file that was cut short is no JavaScript: it loads, and never makes its call.
    script.onload = () =>
      delivered.has(file)
        ? resolve(delivered.get(file))
        : reject(complain(file, "arrived, but is cut short or damaged"));
    document.head.append(script);
    script.addEventListener("error", () => script.remove());
  }

  /** Numbers from base64, `bytes` each, little-endian; their count is checked. */
  function numbers(text, bytes, count, file) {
    let raw = "";
    try {
      raw = atob(text);
    } catch {
      throw complain(file, "holds a list that cannot be read");
    }
    if (raw.length !== bytes * count) throw complain(file, "holds a list of the wrong length");
    const view = new DataView(Uint8Array.from(raw, (letter) => letter.charCodeAt(0)).buffer);
    const read = bytes === 1 ? (i) => view.getUint8(i) : (i) => view.getUint16(2 * i, true);
    return Uint16Array.from({ length: count }, (_, i) => read(i));
  }

  /** Lists of neighbours, one a row; an empty place stays NONE, another stranger is an error. */
  function lists(text, rows, count, file) {
    const flat = numbers(text, 2, rows * LENGTH, file);
    if (flat.some((place) => place >= count && place !== NONE)) {
      throw complain(file, "names a neighbour that does not exist");
    }
    return flat;
  }

  function words(text, count, file) {
    const found = text.split("\n");
    if (found.length !== count) throw complain(file, "holds a list of the wrong length");
    return found;
  }

  /** The catalogue: names, labels, buyers; loaded once. */
  async function products() {
    const file = "products.js";
    const raw = await load(file);
    const column = (name, bytes) => numbers(raw[name], bytes, raw.count, file);
    return {
      ...raw,
      names: words(raw.names, raw.count, file),
      ids: words(raw.ids, raw.count, file),
      department: column("department", 1),
      category: column("category", 2),
      type: column("type", 2),
      buyers: column("buyers", 2),
    };
  }

  /** All lists of one product: {methods: Map key -> products, substitutes, complements}. */
  async function neighbours(catalogue, product) {
    const shard = Math.floor(product / catalogue.shardSize);
    const file = `neighbours-${shard}.js`;
    const raw = await load(file);
    const start = shard * catalogue.shardSize;
    const rows = Math.min(catalogue.shardSize, catalogue.count - start);
    const row = (text) => one(lists(text, rows, catalogue.count, file), product - start);
    return {
      methods: new Map(
        catalogue.methods.map(({ key }) => [key, row(raw.methods[key] ?? "")]),
      ),
      substitutes: row(raw.substitutes),
      complements: row(raw.complements),
    };
  }

  /** One row of lists, without its empty places. */
  function one(flat, row) {
    return [...flat.subarray(row * LENGTH, (row + 1) * LENGTH)].filter((i) => i !== NONE);
  }

  /** The photographs: kinds, lists of neighbours, and the address of the picture with all. */
  async function photos() {
    const file = "photos.js";
    const raw = await load(file);
    const flat = new Map(
      raw.methods.map(({ key }) => [
        key,
        lists(raw.neighbours[key] ?? "", raw.count, raw.count, file),
      ]),
    );
    return {
      ...raw,
      kind: numbers(raw.kind, 1, raw.count, file),
      picture: await picture(raw.sprite),
      lists: (photo) => new Map([...flat].map(([key, all]) => [key, one(all, photo)])),
    };
  }

  function picture(file) {
    return new Promise((resolve, reject) => {
      const image = new Image();
      image.onload = () => resolve(image.src);
      image.onerror = () => reject(complain(file, "is missing or damaged"));
      image.src = folder + file;
    });
  }

  const once = (make) => {
    let promise = null;
    return () => {
      promise ??= make();
      promise.catch(() => (promise = null));
      return promise;
    };
  };

  window.alikeExplorer = {
    // called by the data files
    products: (content) => delivered.set("products.js", content),
    neighbours: (shard, content) => delivered.set(`neighbours-${shard}.js`, content),
    photos: (content) => delivered.set("photos.js", content),
    // used by the page
    DataError,
    LENGTH,
    data: { products: once(products), neighbours, photos: once(photos) },
  };
})();
