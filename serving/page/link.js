// A drawing as the end of a link: small whole numbers, base 64.

import { SIDE } from "./paper.js";

const LONGEST = 6000; // letters: what every browser and messenger passes on
const FINEST = 2; // steps of a unit

function numbers(strokes) {
  const found = [1]; // of the format
  for (const { points, width } of strokes) {
    found.push(Math.round(width * FINEST), points.length);
    let [x, y] = [0, 0];
    for (const point of points) {
      const [nextX, nextY] = point.map((value) => Math.round(value * FINEST));
      found.push(nextX - x, nextY - y);
      [x, y] = [nextX, nextY];
    }
  }
  return found;
}

function packed(values) {
  const bytes = [];
  for (const value of values) {
    let rest = value < 0 ? -2 * value - 1 : 2 * value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  }
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// The drawing as text; where it would be too long, with fewer points.
export function encode(strokes) {
  for (let every = 1; every < 64; every *= 2) {
    const fewer = strokes.map((stroke) => ({
      ...stroke,
      points: stroke.points.filter(
        (_, at) => at % every === 0 || at === stroke.points.length - 1,
      ),
    }));
    const values = numbers(fewer);
    if (values.length < 4 * LONGEST) {
      const text = packed(values);
      if (text.length <= LONGEST) return text;
    }
  }
  return null;
}

// The strokes of a text, or null: anybody may have written it.
export function decode(text) {
  if (text.length > LONGEST || !/^[\w-]+$/.test(text)) return null;
  let bytes;
  try {
    bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null;
  }
  const values = [];
  for (let at = 0, value = 0, size = 1; at < bytes.length; at += 1) {
    const byte = bytes.charCodeAt(at);
    value += (byte % 128) * size;
    size *= 128;
    if (size > 2 ** 35) return null;
    if (byte < 128) {
      values.push(value % 2 ? -(value + 1) / 2 : value / 2);
      [value, size] = [0, 1];
    }
  }
  return values[0] === 1 ? unpacked(values) : null;
}

function unpacked(values) {
  const strokes = [];
  for (let at = 1; at < values.length; ) {
    const [width, count] = [values[at] / FINEST, values[at + 1]];
    at += 2;
    if (!(width > 0 && width <= 60 && count > 0 && at + 2 * count <= values.length)) return null;
    const points = [];
    let [x, y] = [0, 0];
    for (let number = 0; number < count; number += 1, at += 2) {
      x += values[at];
      y += values[at + 1];
      if (Math.max(Math.abs(x), Math.abs(y)) > 4 * SIDE * FINEST) return null;
      points.push([x / FINEST, y / FINEST]);
    }
    strokes.push({ points, width });
  }
  return strokes.length ? strokes : null;
}
