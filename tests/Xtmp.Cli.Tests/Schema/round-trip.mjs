// Decodes every valid vector with @msgpack/msgpack and encodes it again; the bytes must be the same.
// Usage: node round-trip.mjs VECTORS_FOLDER PACKAGE_FOLDER
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [vectorsFolder, packageFolder] = process.argv.slice(2);
const { Encoder, Decoder } = createRequire(join(packageFolder, "package.json"))("@msgpack/msgpack");

// JavaScript has one kind of number: 1.0 and 1 are the same. Floats are wrapped so that they stay floats of their width.
class Float {
  constructor(value, width) {
    this.value = value;
    this.width = width;
  }
}

class TypedDecoder extends Decoder {
  readF32() {
    return new Float(super.readF32(), 32);
  }

  readF64() {
    return new Float(super.readF64(), 64);
  }
}

class TypedEncoder extends Encoder {
  doEncode(object, depth) {
    if (!(object instanceof Float)) {
      super.doEncode(object, depth);
    } else if (object.width === 32) {
      this.writeU8(0xca);
      this.writeF32(object.value);
    } else {
      this.writeU8(0xcb);
      this.writeF64(object.value);
    }
  }
}

const expand = (hex) => hex.replace(/\[([0-9a-f]{2})\*(\d+)\]/g, (_, byte, count) => byte.repeat(Number(count)));

let checked = 0;
let failed = 0;
for (const name of readdirSync(vectorsFolder).filter((file) => file.endsWith(".json")).sort()) {
  for (const { type, valid } of JSON.parse(readFileSync(join(vectorsFolder, name), "utf8")).types) {
    for (const vector of valid) {
      const hex = expand(vector.hex);
      const again = Buffer.from(new TypedEncoder({ useBigInt64: true }).encode(new TypedDecoder({ useBigInt64: true }).decode(Buffer.from(hex, "hex")))).toString("hex");
      checked++;
      if (again !== hex) {
        failed++;
        console.error(`${name} ${type} '${vector.name}': ${hex.slice(0, 200)} became ${again.slice(0, 200)}`);
      }
    }
  }
}

console.log(`${checked} vectors, ${failed} failed`);
process.exit(failed === 0 && checked > 0 ? 0 : 1);
