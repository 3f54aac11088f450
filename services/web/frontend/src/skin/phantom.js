// The body with the dose on it, in a bundle of its own: loaded when it comes into view.
import {
  Color, DirectionalLight, DoubleSide, HemisphereLight, Mesh, MeshBasicMaterial, MeshLambertMaterial, PerspectiveCamera,
  Raycaster, Scene, SphereGeometry, SRGBColorSpace, Vector2, WebGLRenderer,
} from "three";
import { bodyMesh, lids } from "./bodymesh.js";
import { Orbit } from "./orbit.js";

const ANGLE = 28;
const CLICK = 6;

export class Phantom {
  constructor(stage, drawn, map, words, pointed) {
    this.canvas = drawn.canvas;
    this.renderer = new WebGLRenderer({ ...drawn, antialias: true, alpha: true });
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.canvas.setAttribute("aria-label", words.body);
    this.stage = stage;
    this.pointed = pointed;
    this.camera = new PerspectiveCamera(ANGLE, 1, 1, 2000);
    this.scene = new Scene();
    this.light = new DirectionalLight(0xffffff, 0.9);
    this.scene.add(new HemisphereLight(0xffffff, 0xd8dde2, 2.3), this.light);
    this.marks = [new MeshBasicMaterial({ color: 0xffffff }), new MeshBasicMaterial({ color: 0x0a0e12, depthTest: false, transparent: true, opacity: 0.4 })]
      .map((material) => new Mesh(new SphereGeometry(1.3, 20, 14), material));
    this.scene.add(...this.marks);
    this.orbit = new Orbit(this.canvas, () => this.render());
    this.#listen();
    stage.replaceChildren(this.canvas);
    this.renew(map);
    new ResizeObserver(() => this.render()).observe(stage);
  }

  /** Take another map. */
  renew(map) {
    for (const old of [this.body, this.lids]) {
      if (!old) continue;
      this.scene.remove(old);
      old.geometry.dispose();
      old.material.dispose();
    }
    this.map = map;
    const { geometry, cells, centre } = bodyMesh(map);
    this.cells = cells;
    this.placeOf = new Map(cells.map((cell, index) => [map.place(cell.row, cell.column), index]));
    this.distance = (centre.height / 2 / Math.tan((ANGLE / 2) * (Math.PI / 180))) * 1.12;
    this.body = new Mesh(geometry, new MeshLambertMaterial({ vertexColors: true, side: DoubleSide }));
    this.lids = new Mesh(lids(map, centre), new MeshLambertMaterial({ side: DoubleSide }));
    this.scene.add(this.body, this.lids);
  }

  #listen() {
    const ray = new Raycaster();
    const under = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const at = new Vector2(((event.clientX - box.left) / box.width) * 2 - 1, 1 - ((event.clientY - box.top) / box.height) * 2);
      ray.setFromCamera(at, this.camera);
      const [hit] = ray.intersectObjects([this.body, this.lids]);
      return hit?.object === this.body ? this.cells[Math.floor(hit.faceIndex / 2)] : null;
    };
    this.canvas.addEventListener("pointermove", (event) => {
      if (!this.orbit.isDragging && event.pointerType === "mouse") this.#told(under(event), false);
    });
    this.canvas.addEventListener("click", (event) => {
      if (this.orbit.moved < CLICK) this.#told(under(event), true);
    });
  }

  #told(cell, held) {
    if (cell) this.pointed(cell, held);
  }

  /** Colour the cells as the flat map has them. */
  draw({ doses, scale, window, theme }) {
    const bare = new Color().setRGB(...theme.bare.map((one) => one / 255), SRGBColorSpace);
    const colours = this.body.geometry.getAttribute("color");
    const colour = new Color();
    this.cells.forEach((cell, index) => {
      const dose = doses[this.map.place(cell.row, cell.column)];
      if (dose > 0) {
        const from = scale.at(dose, window);
        colour.setRGB(scale.table[from] / 255, scale.table[from + 1] / 255, scale.table[from + 2] / 255, SRGBColorSpace);
      } else colour.copy(bare);
      for (let corner = 0; corner < 6; corner += 1) colours.setXYZ(index * 6 + corner, colour.r, colour.g, colour.b);
    });
    colours.needsUpdate = true;
    this.lids.material.color.copy(bare);
    this.render();
  }

  /** Put the mark on a cell. */
  point(cell) {
    const index = this.placeOf.get(this.map.place(cell.row, cell.column));
    for (const mark of this.marks) mark.visible = index !== undefined;
    if (index !== undefined) {
      const points = this.body.geometry.getAttribute("position");
      const [one, other] = [index * 6 + 1, index * 6 + 2];
      for (const mark of this.marks) {
        mark.position.set(
          (points.getX(one) + points.getX(other)) / 2, (points.getY(one) + points.getY(other)) / 2,
          (points.getZ(one) + points.getZ(other)) / 2,
        );
      }
    }
    this.render();
  }

  look(side) {
    this.orbit.look(side);
  }

  /** Draw once before the next picture on the screen, however much has changed. */
  render() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.#frame();
    });
  }

  #frame() {
    const [width, height] = [this.stage.clientWidth, this.stage.clientHeight];
    if (!width || !height) return;
    this.renderer.setPixelRatio(devicePixelRatio || 1);
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    this.orbit.place(this.camera, this.distance);
    this.light.position.copy(this.camera.position);
    this.renderer.render(this.scene, this.camera);
  }
}
