// The body as a mesh: two triangles a cell, so that a face tells its cell. Map axes (x to the patient's left, y to the
// feet, z to the front) become x, -y, z, which is right-handed for a viewer in front.
import { BufferAttribute, BufferGeometry } from "three";

// Of a cell's two triangles: the step along the ring and down the body.
const CORNERS = [[0, 0], [0, 1], [1, 0], [1, 0], [0, 1], [1, 1]];

function middle(map) {
  const last = Math.max(...map.parts.map((part) => part.first_y_cm + part.rows));
  const torso = map.parts.reduce((one, other) => (other.rows > one.rows ? other : one));
  const depth = torso.ring_cm.reduce((sum, [, z]) => sum + z, 0) / torso.ring_cm.length;
  return { y: last / 2, z: depth, height: last };
}

export function bodyMesh(map) {
  const centre = middle(map);
  const points = [];
  const cells = [];
  for (const part of map.parts) {
    for (let row = 0; row < part.rows; row += 1) {
      for (let within = 0; within < part.columns; within += 1) {
        cells.push({ row: part.first_row + row, column: (part.first_column + within) % map.columns });
        for (const [along, down] of CORNERS) {
          const [x, z] = part.ring_cm[within + along];
          points.push(x, centre.y - (part.first_y_cm + row + down), z - centre.z);
        }
      }
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(points), 3));
  geometry.setAttribute("color", new BufferAttribute(new Float32Array(points.length), 3));
  geometry.computeVertexNormals();
  return { geometry, cells, centre };
}

/** Lids on both ends of every part, so that nobody looks into an empty tube. */
export function lids(map, centre) {
  const points = [];
  for (const { ring_cm: ring, first_y_cm: top, rows } of map.parts) {
    const x = ring.reduce((sum, point) => sum + point[0], 0) / ring.length;
    const z = ring.reduce((sum, point) => sum + point[1], 0) / ring.length;
    for (const y of [top, top + rows]) {
      for (let one = 0; one + 1 < ring.length; one += 1) {
        for (const [px, pz] of [[x, z], ring[one], ring[one + 1]]) points.push(px, centre.y - y, pz - centre.z);
      }
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(new Float32Array(points), 3));
  geometry.computeVertexNormals();
  return geometry;
}
