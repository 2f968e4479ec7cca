// The paper: strokes as polylines, in units of a 400 x 400 sheet.

export const SIDE = 400;
const CLOSEST = 1.2; // units between two points of a stroke
const MOST_POINTS = 15000;

export function draw(canvas, strokes) {
  const context = canvas.getContext("2d");
  context.setTransform(canvas.width / SIDE, 0, 0, canvas.height / SIDE, 0, 0);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  context.strokeStyle = context.fillStyle = "#000";
  context.lineCap = context.lineJoin = "round";
  for (const { points, width } of strokes) {
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(...points[0]);
    for (const point of points.length > 1 ? points.slice(1) : points) context.lineTo(...point);
    context.stroke();
  }
}

function touches(stroke, [x, y], reach) {
  const far = reach + stroke.width / 2;
  return stroke.points.some((from, at) => {
    const to = stroke.points[at + 1] ?? from;
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const along = ((x - from[0]) * dx + (y - from[1]) * dy) / (dx * dx + dy * dy || 1);
    const share = Math.min(1, Math.max(0, along));
    return Math.hypot(x - from[0] - share * dx, y - from[1] - share * dy) <= far;
  });
}

export class Paper {
  // `changed(strokes)` is called whenever what is on the paper is another.
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = [];
    this.past = [];
    this.future = [];
    this.width = 5;
    this.erasing = false;
    this.pointer = null;
    new ResizeObserver(() => this.fit()).observe(canvas);
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.up(event));
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  fit() {
    const side = Math.max(1, Math.round(this.canvas.clientWidth * (window.devicePixelRatio || 1)));
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    this.show();
  }

  show() {
    draw(this.canvas, this.strokes);
  }

  set(strokes) {
    if (strokes === this.strokes) return;
    this.past.push(this.strokes);
    this.future = [];
    this.put(strokes);
  }

  put(strokes) {
    this.strokes = strokes;
    this.show();
    this.changed(strokes);
  }

  undo() {
    if (!this.past.length || this.pointer !== null) return;
    this.future.push(this.strokes);
    this.put(this.past.pop());
  }

  redo() {
    if (!this.future.length || this.pointer !== null) return;
    this.past.push(this.strokes);
    this.put(this.future.pop());
  }

  clear() {
    if (this.strokes.length) this.set([]);
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const at = (value, from, size) => Math.round(((value - from) / size) * SIDE * 10) / 10;
    return [at(event.clientX, box.left, box.width), at(event.clientY, box.top, box.height)];
  }

  down(event) {
    if (this.pointer !== null || event.button !== 0) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.before = this.strokes;
    const point = this.place(event);
    if (this.erasing) this.erase(point);
    else this.put([...this.strokes, { points: [point], width: this.width }]);
  }

  move(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    const points = (events.length ? events : [event]).map((one) => this.place(one));
    if (this.erasing) points.forEach((point) => this.erase(point));
    else this.extend(points);
  }

  extend(more) {
    const last = this.strokes.at(-1);
    const points = [...last.points];
    for (const [x, y] of more) {
      const [fromX, fromY] = points.at(-1);
      if (Math.hypot(x - fromX, y - fromY) >= CLOSEST) points.push([x, y]);
    }
    const count = this.strokes.reduce((sum, stroke) => sum + stroke.points.length, 0);
    if (points.length === last.points.length || count > MOST_POINTS) return;
    this.put([...this.strokes.slice(0, -1), { ...last, points }]);
  }

  erase(point) {
    const left = this.strokes.filter((stroke) => !touches(stroke, point, 6));
    if (left.length < this.strokes.length) this.put(left);
  }

  up(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    if (this.before !== this.strokes) {
      this.past.push(this.before);
      this.future = [];
    }
    this.changed(this.strokes);
  }
}
