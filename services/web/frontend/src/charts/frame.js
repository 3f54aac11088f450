// The frame of a drawing: panels with their axes, tooltip, legend and zoom.
import { short, tick } from "./numbers.js";

export const LINE = 22;
const GAP = 34;

export function distinct(rows, key) {
  return [...new Set(rows.map((row) => row[key]))];
}

/** Panels side by side: one for all rows, or one for each value of a key. */
export function panelled(rows, key) {
  if (!key) return [{ name: "", rows }];
  return distinct(rows, key).map((name) => ({ name, rows: rows.filter((row) => row[key] === name) }));
}

/** Lays panels out in columns; gives the height and the grid and title of each. */
export function laidOut(panels, width, height, { left = 60, bottom = 34, top = 40 } = {}) {
  const columns = panels.length === 1 ? 1 : width > 900 ? 3 : width > 560 ? 2 : 1;
  const share = 100 / columns;
  const lines = Math.ceil(panels.length / columns);
  const place = (index) => ({ column: index % columns, line: Math.floor(index / columns) });
  const grid = panels.map((_, index) => {
    const { column, line } = place(index);
    const from = (width * share * column) / 100;
    return {
      left: from + left, width: (width * share) / 100 - left - 24, top: top + line * (height + GAP + bottom), height,
    };
  });
  const title = panels.map((panel, index) => ({
    text: short(panel.name, 42), left: grid[index].left, top: grid[index].top - 22,
    textStyle: { fontSize: 12, fontWeight: 600 },
  }));
  return { grid, title: panels.length > 1 ? title : [], total: top + lines * (height + GAP + bottom) - GAP };
}

export function base(theme, animated) {
  const text = { color: theme.ink, fontFamily: getComputedStyle(document.body).fontFamily };
  return {
    animation: animated,
    animationDuration: 250,
    color: theme.series,
    textStyle: text,
    legend: {
      type: "scroll", top: 10, left: 8, right: 8, icon: "roundRect", itemWidth: 12, itemHeight: 8,
      textStyle: { color: theme["ink-2"] }, pageTextStyle: { color: theme["ink-2"] },
      pageIconColor: theme.brand, pageIconInactiveColor: theme.line, formatter: (name) => short(name, 34),
    },
    tooltip: {
      // Drawn on the canvas: tooltips made of HTML bring inline styles, which our policy refuses.
      renderMode: "richText", confine: true, backgroundColor: theme.surface, borderColor: theme.line,
      textStyle: { color: theme.ink, fontSize: 12 },
    },
  };
}

export function valueAxis(theme, name, more = {}) {
  return {
    type: "value", name, nameLocation: "middle", nameGap: 28, nameTextStyle: { color: theme["ink-2"] },
    axisLabel: { color: theme["ink-2"], hideOverlap: true, formatter: tick }, splitLine: { lineStyle: { color: theme.line } },
    axisLine: { show: false }, ...more,
  };
}

export function nameAxis(theme, data, more = {}) {
  return {
    type: "category", data, axisTick: { show: false }, axisLine: { lineStyle: { color: theme["ink-3"] } },
    axisLabel: { color: theme.ink, interval: 0, formatter: (name) => short(String(name), 30) }, ...more,
  };
}

export function slider(theme, more) {
  return {
    type: "slider", brushSelect: false, showDetail: false, borderColor: theme.line, fillerColor: `${theme.line}`,
    handleStyle: { color: theme["surface-2"], borderColor: theme["ink-3"] }, dataBackground: { lineStyle: { opacity: 0 }, areaStyle: { opacity: 0 } },
    ...more,
  };
}
