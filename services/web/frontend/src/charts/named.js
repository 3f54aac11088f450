// Charts with a bar, box or line for each name.
import { LINE, base, distinct, laidOut, nameAxis, panelled, slider, valueAxis } from "./frame.js";
import { moment, short, shown, whole } from "./numbers.js";

const MOST_LINES = 22;
const title = (row) => [row.series, row.split].filter((part) => part !== null && part !== "").join(" · ");

function figures(answer) {
  const { statistic, words } = answer;
  if (answer.drawing === "frequency") return [["frequency", words.frequency]];
  if (statistic === "mean") return [["mean", words.mean]];
  if (statistic === "both") return [["mean", words.mean], ["median", words.median]];
  return [["median", words.median]];
}

function told(answer, row) {
  const { words, value } = answer;
  const lines = [title(row)];
  if (row.label) lines.push(row.label);
  if (value) {
    for (const key of ["mean", "median"]) {
      if (row[key] !== undefined) lines.push(`${words[key]}: ${shown(row[key], value.digits)} ${value.unit ?? ""}`);
    }
    if (row.q1 !== undefined) lines.push(`${words.quartiles}: ${shown(row.q1, value.digits)} – ${shown(row.q3, value.digits)}`);
    if (row.minimum !== undefined) lines.push(`${words.range}: ${shown(row.minimum, value.digits)} – ${shown(row.maximum, value.digits)}`);
  }
  lines.push(`${words.frequency}: ${whole(row.frequency)}`);
  return lines.join("\n");
}

/** Bars or boxes: names from top to bottom, because names are long. */
export function bars(answer, theme, width) {
  const panels = panelled(answer.rows, answer.facet ? "split" : null);
  const names = distinct(answer.rows, "series");
  const splits = answer.facet ? [null] : distinct(answer.rows, "split");
  const box = answer.statistic === "box" && answer.drawing === "values";
  const stacked = answer.drawing === "frequency";
  const kinds = box ? [["box", answer.words.box]] : figures(answer);
  const side = stacked || box ? Math.max(1, box ? splits.length : 1) : splits.length * kinds.length;
  const lines = Math.min(names.length, MOST_LINES);
  const left = Math.min(230, Math.max(90, 24 + 6.6 * Math.max(...names.map((name) => name.length))), width * 0.42);
  const layout = laidOut(panels, width, Math.max(140, lines * Math.max(LINE, 11 * side)), { left, bottom: 44, top: panels.length > 1 || side > 1 || splits.length > 1 ? 44 : 12 });
  const unit = stacked ? answer.words.frequency : answer.axis;
  const series = [];
  panels.forEach((panel, index) => {
    for (const split of splits) {
      const own = new Map(panel.rows.filter((row) => split === null || row.split === split).map((row) => [row.series, row]));
      for (const [kind, label] of kinds) {
        const data = names.map((name) => {
          const row = own.get(name);
          if (!row) return box ? { value: [] } : { value: null };
          return { value: box ? [row.minimum, row.q1, row.median, row.q3, row.maximum] : row[kind], row };
        });
        series.push({
          type: box ? "boxplot" : "bar", data, xAxisIndex: index, yAxisIndex: index,
          name: [answer.split && !answer.facet ? split : null, kinds.length > 1 ? label : null].filter(Boolean).join(" · ") || label,
          stack: stacked && splits.length > 1 ? `all ${index}` : undefined, barMaxWidth: 22, boxWidth: [5, 18],
          itemStyle: box ? { borderWidth: 1.4, color: theme["surface-2"] } : { borderRadius: stacked ? 0 : [0, 2, 2, 0] },
        });
      }
    }
  });
  if (box) series.forEach((one, place) => { one.itemStyle.borderColor = theme.series[place % theme.series.length]; });
  const many = names.length > MOST_LINES;
  const zoom = many ? panels.flatMap((_, index) => [
    slider(theme, { yAxisIndex: index, right: 4, width: 14, startValue: 0, endValue: MOST_LINES - 1 }),
    { type: "inside", yAxisIndex: index, zoomOnMouseWheel: "ctrl", moveOnMouseWheel: true },
  ]) : [];
  const frame = base(theme, answer.animated);
  return {
    height: layout.total,
    option: {
      ...frame, grid: layout.grid, title: layout.title.map((one) => ({ ...one, textStyle: { ...one.textStyle, color: theme.ink } })),
      legend: { ...frame.legend, show: series.length > panels.length },
      tooltip: { ...frame.tooltip, trigger: "item", formatter: (at) => (at.data?.row ? told(answer, at.data.row) : "") },
      xAxis: panels.map((_, gridIndex) => valueAxis(theme, unit, { gridIndex, min: box ? undefined : 0 })),
      yAxis: panels.map((_, gridIndex) => nameAxis(theme, names, { gridIndex, inverse: true, axisLabel: { color: theme.ink, interval: 0, width: left - 14, overflow: "truncate" } })),
      dataZoom: zoom, series,
    },
  };
}

/** A line for each name over the periods. */
export function lines(answer, theme, width) {
  const panels = panelled(answer.rows, answer.facet ? "split" : null);
  const layout = laidOut(panels, width, panels.length > 1 ? 190 : 300, { left: 62, bottom: 50 });
  const series = [];
  const kinds = figures({ ...answer, statistic: ["mean", "both"].includes(answer.statistic) ? answer.statistic : "median" });
  const names = distinct(answer.rows, "series");
  panels.forEach((panel, index) => {
    const own = Map.groupBy ? Map.groupBy(panel.rows, title) : grouped(panel.rows);
    for (const [name, rows] of own) {
      kinds.forEach(([kind, label], place) => series.push({
        type: "line", xAxisIndex: index, yAxisIndex: index, connectNulls: false, symbolSize: 6, showSymbol: rows.length < 80,
        name: kinds.length > 1 ? `${name || answer.words.all} · ${label}` : name || answer.words.all,
        lineStyle: { width: 2, type: place ? "dashed" : "solid" },
        color: answer.facet ? theme.series[names.indexOf(rows[0].series) % theme.series.length] : undefined,
        data: rows.map((row) => ({ value: [row.period, row[kind]], row })), emphasis: { focus: "series" },
      }));
    }
  });
  const frame = base(theme, answer.animated);
  return {
    height: layout.total,
    option: {
      ...frame, grid: layout.grid, title: layout.title.map((one) => ({ ...one, textStyle: { ...one.textStyle, color: theme.ink } })), series,
      tooltip: { ...frame.tooltip, trigger: "item", formatter: (at) => told(answer, at.data.row) },
      xAxis: panels.map((_, gridIndex) => ({ type: "time", gridIndex, axisLabel: { color: theme["ink-2"], hideOverlap: true, formatter: moment }, axisLine: { lineStyle: { color: theme["ink-3"] } } })),
      yAxis: panels.map((_, gridIndex) => valueAxis(theme, answer.axis, { gridIndex, nameGap: 44, scale: true })),
      dataZoom: [{ type: "inside", xAxisIndex: panels.map((_, index) => index), zoomOnMouseWheel: "ctrl" },
        ...(panels.length === 1 ? [slider(theme, { xAxisIndex: 0, bottom: 4, height: 16 })] : [])],
    },
  };
}

function grouped(rows) {
  const found = new Map();
  for (const row of rows) found.set(title(row), [...(found.get(title(row)) ?? []), row]);
  return found;
}
