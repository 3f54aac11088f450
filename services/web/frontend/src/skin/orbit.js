// Turns and zooms a view of the body: mouse, one and two fingers, keys.
const TURN = 0.01;
const STEEPEST = 1.45;
const NEAREST = 0.35;
const FARTHEST = 1.6;
const KEY_TURN = Math.PI / 12;
const ZOOM = 1.12;
export const VIEWS = { front: 0, left: Math.PI / 2, back: Math.PI, right: -Math.PI / 2 };
const KEYS = {
  ArrowLeft: (orbit) => orbit.turn(-KEY_TURN, 0), ArrowRight: (orbit) => orbit.turn(KEY_TURN, 0),
  ArrowUp: (orbit) => orbit.turn(0, KEY_TURN), ArrowDown: (orbit) => orbit.turn(0, -KEY_TURN),
  "+": (orbit) => orbit.zoom(1 / ZOOM), "=": (orbit) => orbit.zoom(1 / ZOOM), "-": (orbit) => orbit.zoom(ZOOM),
  Home: (orbit) => orbit.look("back"),
};

export class Orbit {
  constructor(canvas, changed) {
    Object.assign(this, { yaw: VIEWS.back, pitch: 0.12, nearness: 1, changed, fingers: new Map(), moved: 0 });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.fingers.set(event.pointerId, event);
      this.moved = 0;
    });
    canvas.addEventListener("pointermove", (event) => this.#drag(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => this.fingers.delete(event.pointerId));
    }
    // The wheel scrolls the page until somebody works with the body.
    canvas.addEventListener("wheel", (event) => {
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY > 0 ? ZOOM : 1 / ZOOM);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      KEYS[event.key](this);
    });
  }

  get isDragging() {
    return this.fingers.size > 0;
  }

  #spread() {
    const [one, other] = [...this.fingers.values()];
    return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  }

  #drag(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const spread = this.fingers.size === 2 ? this.#spread() : 0;
    this.fingers.set(event.pointerId, event);
    const [x, y] = [event.clientX - before.clientX, event.clientY - before.clientY];
    this.moved += Math.abs(x) + Math.abs(y);
    if (spread) this.zoom(spread / this.#spread());
    else this.turn(-x * TURN, y * TURN);
  }

  turn(yaw, pitch) {
    this.yaw += yaw;
    this.pitch = Math.min(Math.max(this.pitch + pitch, -STEEPEST), STEEPEST);
    this.changed();
  }

  zoom(factor) {
    this.nearness = Math.min(Math.max(this.nearness * factor, NEAREST), FARTHEST);
    this.changed();
  }

  look(side) {
    Object.assign(this, { yaw: VIEWS[side], pitch: 0, nearness: 1 });
    this.changed();
  }

  /** Put a camera at a distance (cm) round the origin. */
  place(camera, distance) {
    const reach = distance * this.nearness;
    const flat = Math.cos(this.pitch) * reach;
    camera.position.set(Math.sin(this.yaw) * flat, Math.sin(this.pitch) * reach, Math.cos(this.yaw) * flat);
    camera.lookAt(0, 0, 0);
  }
}
