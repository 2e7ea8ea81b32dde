// What the site gives to the parts: data after a click.

let folder = ""; // of the site's scripts

export function setFolder(scriptAddress) {
  folder = scriptAddress.replace(/[^/]*$/, "");
}

// The data of play-NAME.js; it is a script, since a page on disk may not fetch.
export function loadData(name) {
  const found = () => globalThis.playData?.[name];
  if (found()) return Promise.resolve(found());
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `${folder}play-${name}.js`;
    const end = () => {
      script.remove();
      if (found()) resolve(found());
      else reject(new Error(`play-${name}.js cannot be loaded`));
    };
    script.onload = script.onerror = end;
    document.head.append(script);
  });
}
