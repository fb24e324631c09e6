// Finding Lean's compiled functions and data by name. It becomes part of lean.js, where HEAPU8 and the like are names.
//
// The module exports few of them. symbols.bin knows the others: of a function its place in the table, of data its
// address; see symbol_index.py. Lean's interpreter asks for functions by the thousand, most of them in vain, with a name that stands
// in memory: it is hashed and compared where it stands.
var symbols = (() => {
  const [HEADER, SLOT, START, PRIME] = [4, 16, 0x811c9dc5, 0x01000193];
  let file, words, count;
  const load = () => {
    file = fs.readFileSync(__dirname + "/symbols.bin");
    words = new Uint32Array(file.buffer, file.byteOffset, file.length >> 2);
    count = words[0];
  };
  // The number of the symbol whose name, ended by a NUL, stands in `bytes`; 0 when there is none.
  const search = (bytes, start) => {
    if (!file) load();
    let hash = START;
    let end = start;
    for (; bytes[end] !== 0; end++) hash = Math.imul(hash ^ bytes[end], PRIME);
    hash >>>= 0;
    for (let slot = hash & (count - 1); ; slot = (slot + 1) & (count - 1)) {
      const word = (HEADER + SLOT * slot) >> 2;
      const number = words[word + 1];
      if (number === 0) return 0;
      if (words[word] !== hash || words[word + 3] !== end - start) continue;
      const name = HEADER + SLOT * count + words[word + 2];
      let i = start;
      while (i < end && bytes[i] === file[name + i - start]) i++;
      if (i === end) return number;
    }
  };
  return {
    find: (pointer) => search((growMemViews(), HEAPU8), pointer),
    // The function of that name; undefined when there is none.
    function: (name) => {
      const index = search(Buffer.from(name + "\0"), 0);
      return index ? getWasmTableEntry(index) : undefined;
    },
  };
})();
