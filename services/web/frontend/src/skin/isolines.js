// Isodose lines by marching squares over the centres of a part's cells, closed round the body.
// For each set of corners above the level (top left 1, top right 2, bottom right 4, bottom left 8) the edges that a
// line joins: 0 top, 1 right, 2 bottom, 3 left.
const EDGES = [
  [], [[3, 0]], [[0, 1]], [[3, 1]], [[1, 2]], [[3, 0], [1, 2]], [[0, 2]], [[3, 2]],
  [[2, 3]], [[2, 0]], [[0, 1], [2, 3]], [[2, 1]], [[1, 3]], [[1, 0]], [[0, 3]], [],
];

function share(a, b, level) {
  return a === b ? 0.5 : (level - a) / (b - a);
}

/** Straight pieces [x1, y1, x2, y2] in cells, x from the left end of the band, y from the first row of the map. */
export function isolines(map, band, doses, level) {
  const { part, cut } = band;
  const last = part.rows - 1;
  const at = (row, along) => {
    const within = (cut + along) % part.columns;
    return doses[map.place(part.first_row + Math.min(Math.max(row, 0), last), part.first_column + within)];
  };
  const pieces = [];
  for (let row = -1; row <= last; row += 1) {
    for (let along = 0; along < part.columns; along += 1) {
      const [a, b, c, d] = [at(row, along), at(row, along + 1), at(row + 1, along + 1), at(row + 1, along)];
      const kind = (a >= level) + 2 * (b >= level) + 4 * (c >= level) + 8 * (d >= level);
      if (kind === 0 || kind === 15) continue;
      const x = along + 0.5;
      const y = part.first_row + row + 0.5;
      const points = [
        () => [x + share(a, b, level), y], () => [x + 1, y + share(b, c, level)],
        () => [x + share(d, c, level), y + 1], () => [x, y + share(a, d, level)],
      ];
      for (const [from, to] of EDGES[kind]) pieces.push([...points[from](), ...points[to]()]);
    }
  }
  return pieces;
}
