// Charts of how values lie: histograms, densities, steps and the workload of a week.
import { base, distinct, laidOut, nameAxis, panelled, valueAxis } from "./frame.js";
import { shown, whole } from "./numbers.js";

const coloured = (layout, theme) => layout.title.map((one) => ({ ...one, textStyle: { ...one.textStyle, color: theme.ink } }));

/** A histogram for each name, all with the same bins. */
export function histograms(answer, theme, width) {
  const panels = panelled(answer.rows, "series");
  const splits = distinct(answer.rows, "split");
  const layout = laidOut(panels, width, panels.length > 1 ? 130 : 280, { left: 56, bottom: 50 });
  const most = answer.bins;
  const edges = answer.edges;
  const series = panels.flatMap((panel, index) => splits.map((split) => {
    const own = new Map(panel.rows.filter((row) => row.split === split).map((row) => [row.bin, row]));
    return {
      type: "bar", name: split ?? answer.words.frequency, xAxisIndex: index, yAxisIndex: index, stack: `all ${index}`,
      barCategoryGap: "4%", color: theme.series[splits.indexOf(split) % theme.series.length],
      data: Array.from({ length: most }, (_, bin) => ({ value: own.get(bin + 1)?.frequency ?? null, row: own.get(bin + 1) })),
    };
  }));
  const frame = base(theme, answer.animated);
  return {
    height: layout.total,
    option: {
      ...frame, grid: layout.grid, title: coloured(layout, theme), series, legend: { ...frame.legend, show: splits.length > 1 },
      tooltip: {
        ...frame.tooltip, trigger: "item",
        formatter: ({ data: { row } }) => row ? [row.series ?? "", row.split ?? "", `${shown(row.lower, answer.value.digits)} – ${shown(row.upper, answer.value.digits)} ${answer.value.unit ?? ""}`,
          `${answer.words.frequency}: ${whole(row.frequency)}`].filter(Boolean).join("\n") : "",
      },
      xAxis: panels.map((_, gridIndex) => nameAxis(theme, edges.map((edge) => shown(edge, null)), {
        gridIndex, name: answer.axis, nameLocation: "middle", nameGap: 26, nameTextStyle: { color: theme["ink-2"] },
        axisLabel: { color: theme["ink-2"], hideOverlap: true, interval: "auto" },
      })),
      yAxis: panels.map((_, gridIndex) => valueAxis(theme, "", { gridIndex, splitNumber: 3 })),
    },
  };
}

/** Dots for cells, as large as there is much in them, and the mean of each column as a line. */
export function dots(answer, theme, width) {
  const panels = panelled(answer.rows, answer.facet ? "split" : null);
  const layout = laidOut(panels, width, panels.length > 1 ? 220 : 340, { left: 66, bottom: 52 });
  const names = distinct(answer.rows, "series");
  const most = Math.max(...answer.rows.map((row) => row.frequency));
  const series = panels.flatMap((panel, index) => names.flatMap((name, place) => {
    const rows = panel.rows.filter((row) => row.series === name);
    const color = theme.series[place % theme.series.length];
    const shared = { name: name ?? answer.words.all, xAxisIndex: index, yAxisIndex: index, color };
    return [
      { ...shared, type: "scatter", itemStyle: { opacity: 0.55 },
        symbolSize: (_, at) => 3 + 15 * Math.sqrt(at.data.row.frequency / most),
        data: rows.map((row) => ({ value: [row.x, row.y], row })) },
      { ...shared, type: "line", showSymbol: false, lineStyle: { width: 2 }, silent: true, smooth: 0.2, data: columnMeans(rows) },
    ];
  }));
  const frame = base(theme, answer.animated);
  return {
    height: layout.total,
    option: {
      ...frame, grid: layout.grid, title: coloured(layout, theme), series,
      tooltip: {
        ...frame.tooltip, trigger: "item",
        formatter: ({ data: { row } }) => row ? [row.series, `${answer.against.label}: ${shown(row.x, answer.against.digits)} ${answer.against.unit ?? ""}`,
          `${answer.value.label}: ${shown(row.y, answer.value.digits)} ${answer.value.unit ?? ""}`, `${answer.words.frequency}: ${whole(row.frequency)}`].filter(Boolean).join("\n") : "",
      },
      xAxis: panels.map((_, gridIndex) => valueAxis(theme, answer.against.axis, { gridIndex, scale: true })),
      yAxis: panels.map((_, gridIndex) => valueAxis(theme, answer.axis, { gridIndex, nameGap: 46 })),
      dataZoom: [{ type: "inside", xAxisIndex: panels.map((_, index) => index), zoomOnMouseWheel: "ctrl" }],
    },
  };
}

function columnMeans(rows) {
  const sums = new Map();
  for (const row of rows) {
    const [sum, n] = sums.get(row.x) ?? [0, 0];
    sums.set(row.x, [sum + row.mean * row.frequency, n + row.frequency]);
  }
  // A mean of very few says nothing.
  return [...sums].filter(([, [, n]]) => n >= 5).sort(([a], [b]) => a - b).map(([x, [sum, n]]) => [x, sum / n]);
}

/** Hours across, weekdays down. */
export function week(answer, theme, width) {
  const layout = laidOut([{ name: "" }], width, 220, { left: width < 500 ? 46 : 92, bottom: 30, top: 14 });
  const days = answer.words.weekdays.map((day) => (width < 500 ? day.slice(0, 2) : day));
  const data = answer.rows.map((row) => ({ value: [row.hour, row.weekday - 1, row.frequency], row }));
  const frame = base(theme, answer.animated);
  return {
    height: layout.total + 30,
    option: {
      ...frame, grid: layout.grid, legend: { show: false },
      tooltip: { ...frame.tooltip, trigger: "item", formatter: ({ data: { row } }) => `${answer.words.weekdays[row.weekday - 1]}, ${row.hour}:00 – ${row.hour}:59\n${answer.words.frequency}: ${whole(row.frequency)}` },
      xAxis: [nameAxis(theme, Array.from({ length: 24 }, (_, hour) => hour), { axisLabel: { color: theme["ink-2"], interval: width < 500 ? 3 : 1 } })],
      yAxis: [nameAxis(theme, days, { inverse: true, axisLabel: { color: theme.ink, interval: 0 } })],
      visualMap: { type: "continuous", min: 0, max: Math.max(1, ...answer.rows.map((row) => row.frequency)), orient: "horizontal", left: "center", bottom: 2, itemHeight: 160, itemWidth: 12, calculable: false, text: [whole(Math.max(1, ...answer.rows.map((row) => row.frequency))), whole(0)], inRange: { color: theme.map }, textStyle: { color: theme["ink-2"] } },
      series: [{ type: "heatmap", name: answer.words.frequency, data, itemStyle: { borderColor: theme.surface, borderWidth: 2, borderRadius: 3 } }],
    },
  };
}
