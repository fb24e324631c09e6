// Reading files in the thread that asks. It becomes part of lean.js, where HEAPU8, SYSCALLS and the like are names.
//
// A thread's file calls would go to the main thread, which looks for them once a millisecond; importing Lean's library
// takes 4,500 of them. What is below MOUNT is the machine's own, and is read here; everything else is left to the main
// thread, which `undefined` says. A file belongs to the thread that opened it.
var ownFiles = (() => {
  const MOUNT = "/host/";
  const FIRST = 1 << 20; // descriptors of this kind, far from the main thread's
  const [ACCESS, CREATE, DIRECTORY] = [3, 64, 65536]; // bits of open's flags; an access of 0 is reading
  const NO_ENTRY = -44; // ENOENT of WebAssembly's system interface, negated
  const open = new Map(); // descriptor to {file, position}
  const local = (path) => {
    const name = SYSCALLS.getStr(path);
    return name.startsWith(MOUNT) ? name.slice(MOUNT.length - 1) : undefined;
  };
  return {
    stat(path, buffer) {
      const name = local(path);
      if (name === undefined) return undefined;
      const found = fs.statSync(name, { throwIfNoEntry: false });
      return found ? SYSCALLS.writeStat(buffer, found) : NO_ENTRY;
    },
    open(directory, path, flags) {
      const name = flags & (ACCESS | CREATE | DIRECTORY) ? undefined : local(path);
      if (name === undefined || !fs.statSync(name, { throwIfNoEntry: false })?.isFile()) return undefined;
      let file;
      try {
        file = fs.openSync(name, "r");
      } catch {
        return undefined; // the main thread says why
      }
      open.set(FIRST + file, { file, position: 0 });
      return FIRST + file;
    },
    fstat(descriptor, buffer) {
      const own = open.get(descriptor);
      return own && SYSCALLS.writeStat(buffer, fs.fstatSync(own.file));
    },
    read(descriptor, vectors, count, total) {
      const own = open.get(descriptor);
      if (!own) return undefined;
      const heap = (growMemViews(), HEAPU32);
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const [start, length] = [heap[(vectors >> 2) + 2 * i], heap[(vectors >> 2) + 2 * i + 1]];
        const got = fs.readSync(own.file, HEAPU8, start, length, own.position);
        own.position += got;
        sum += got;
        if (got < length) break;
      }
      heap[total >> 2] = sum;
      return 0;
    },
    seek(descriptor, offset, whence, result) {
      const own = open.get(descriptor);
      if (!own) return undefined;
      const base = [0, own.position, whence === 2 ? fs.fstatSync(own.file).size : 0][whence];
      own.position = base + Number(offset);
      (growMemViews(), HEAP64)[result >> 3] = BigInt(own.position);
      return 0;
    },
    close(descriptor) {
      const own = open.get(descriptor);
      if (!own) return undefined;
      open.delete(descriptor);
      fs.closeSync(own.file);
      return 0;
    },
  };
})();
