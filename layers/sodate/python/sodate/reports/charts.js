/* Draws the charts of a report from its tables. No figure is in this file: what is drawn stands in the table below. */
(() => {
  "use strict";
  const MOST = 40, LONG_TABLE = 12, ROW = 26;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const drawn = [];

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const get = (name) => style.getPropertyValue(name).trim();
    return {
      series: [0, 1, 2, 3, 4, 5, 6, 7].map((number) => get(`--c${number}`)),
      text: get("--text"), soft: get("--soft"), grid: get("--grid"), card: get("--card"),
    };
  };

  const number = (cell) => (cell.dataset.v === undefined ? null : Number(cell.dataset.v));
  const compact = (value) => {
    const size = Math.abs(value);
    const ja = document.documentElement.lang === "ja";
    if (ja && size >= 1e8) return `${+(value / 1e8).toFixed(1)}億`;
    if (ja && size >= 1e4) return `${+(value / 1e4).toFixed(1)}万`;
    if (!ja && size >= 1e6) return `${+(value / 1e6).toFixed(1)}M`;
    if (!ja && size >= 1e4) return `${+(value / 1e3).toFixed(1)}k`;
    return String(+value.toFixed(2));
  };
  const label = (cell) => (cell.firstChild && cell.firstChild.nodeType === 3 ? cell.firstChild.nodeValue : cell.textContent);

  const read = (figure) => {
    const table = figure.parentElement.querySelector("table");
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows].map((row) => [...row.cells]);
    const columns = figure.dataset.columns.split(",").map(Number);
    return { heads, rows, columns, table };
  };

  const escape = (text) => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
  const tooltip = (data, rows) => (points) => {
    const list = Array.isArray(points) ? points : [points];
    const row = rows[list[0].dataIndex];
    const lines = data.columns.map((column) =>
      `${escape(data.heads[column].textContent)}: <b>${escape(row[column].textContent)}</b>`);
    return `${escape(label(row[0]))}<br>${lines.join("<br>")}`;
  };

  const cut = (text, most) => {
    let width = 0, kept = "";
    for (const one of text) {
      width += one.codePointAt(0) > 0x2e7f ? 2 : 1;
      if (width > most) return `${kept}…`;
      kept += one;
    }
    return kept;
  };

  const base = (paint, data, rows) => ({
    animation: false, color: paint.series, aria: { enabled: false },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: paint.text },
    tooltip: { trigger: "axis", confine: true, axisPointer: { type: "shadow" }, backgroundColor: paint.card,
      borderColor: paint.grid, textStyle: { color: paint.text }, formatter: tooltip(data, rows) },
    legend: data.columns.length > 1
      ? { type: "scroll", top: 0, left: 0, textStyle: { color: paint.text }, pageTextStyle: { color: paint.text },
        pageIconColor: paint.text, pageIconInactiveColor: paint.grid }
      : undefined,
  });

  const unit = (data) => (data.columns.every((column) => data.heads[column].dataset.unit === "percent") ? "%" : "");
  const isCount = (data) => data.columns.every((column) => data.heads[column].dataset.unit === "count");
  const values = (paint, data) => ({ type: "value", minInterval: isCount(data) ? 1 : 0,
    axisLabel: { color: paint.soft, formatter: (value) => compact(value) + unit(data), hideOverlap: true },
    splitLine: { lineStyle: { color: paint.grid } }, splitNumber: 4 });

  /* One row beside the other: time from left to right. */
  const lines = (data, paint, width) => {
    const rows = data.rows;
    const series = data.columns.map((column) => ({
      name: data.heads[column].textContent, type: "line",
      showSymbol: rows.length < 32, symbolSize: 5, connectNulls: false,
      data: rows.map((row) => number(row[column])),
    }));
    return {
      height: width < 500 ? 240 : 300,
      option: { ...base(paint, data, rows), grid: { left: 8, right: 36, top: data.columns.length > 1 ? 36 : 12, bottom: 4,
        containLabel: true },
        xAxis: { type: "category", data: rows.map((row) => label(row[0])), axisTick: { show: false },
          axisLabel: { color: paint.soft, hideOverlap: true, alignMinLabel: "left", alignMaxLabel: "right" }, axisLine: { lineStyle: { color: paint.soft } } },
        yAxis: values(paint, data), series },
    };
  };

  /* One row below the other: names of any length. */
  const lying = (data, paint, width) => {
    const rows = data.rows.slice(0, MOST);
    const room = width < 500 ? 16 : 34;
    const series = data.columns.map((column) => ({
      name: data.heads[column].textContent, type: "bar", barMaxWidth: 18,
      label: data.columns.length === 1
        ? { show: true, position: "right", color: paint.text, formatter: (point) => label(rows[point.dataIndex][column]) }
        : undefined,
      data: rows.map((row) => number(row[column])),
    }));
    const extra = data.columns.length > 1 ? 36 : 8;
    return {
      height: rows.length * ROW * Math.max(1, data.columns.length * 0.75) + extra + 30,
      option: { ...base(paint, data, rows), grid: { left: 4, right: width < 500 ? 56 : 90, top: extra, bottom: 4,
        containLabel: true },
        yAxis: { type: "category", inverse: true, data: rows.map((row) => cut(label(row[0]), room)),
          axisTick: { show: false }, axisLabel: { color: paint.text, interval: 0 }, axisLine: { lineStyle: { color: paint.soft } } },
        xAxis: values(paint, data), series },
    };
  };

  /* Bars around a middle line, each as wide as its value. A first bar that is so long that the others would be lines is
     drawn shorter, as a dashed outline, and the caption says so. */
  const FAR = 25, SHORTENED = 1.4;
  const isFar = (data) => {
    const [first, second] = data.rows.map((row) => number(row[data.columns[0]]) || 0);
    return second > 0 && first > FAR * second;
  };
  const funnel = (data, paint, width) => {
    const rows = data.rows.slice(0, MOST), column = data.columns[0], far = isFar(data);
    const figures = rows.map((row) => number(row[column]) || 0);
    if (far) figures[0] = SHORTENED * figures[1];
    const top = Math.max(...figures), room = width < 500 ? 14 : 30;
    const bars = figures.map((value, place) => (far && place === 0
      ? { value, itemStyle: { color: "transparent", borderColor: paint.series[0], borderType: "dashed", borderWidth: 2 } }
      : value));
    const name = (row) => `${cut(label(row[0]), room)}  {figure|${label(row[column])}}`;
    return {
      height: rows.length * 44 + 16,
      option: { ...base(paint, data, rows), legend: undefined,
        tooltip: { ...base(paint, data, rows).tooltip, trigger: "axis" },
        grid: { left: 4, right: 12, top: 4, bottom: 4, containLabel: true },
        yAxis: { type: "category", inverse: true, data: rows.map(name), axisTick: { show: false },
          axisLine: { show: false },
          axisLabel: { color: paint.text, interval: 0, rich: { figure: { fontWeight: "bold", color: paint.text } } } },
        xAxis: { type: "value", show: false, max: top },
        series: [
          { type: "bar", stack: "all", silent: true, itemStyle: { color: "transparent" }, data: figures.map((one) => (top - one) / 2) },
          { type: "bar", stack: "all", barWidth: 30, itemStyle: { color: paint.series[0], borderRadius: 3 }, data: bars },
        ] },
    };
  };

  const drawings = { lines, bars: lying, funnel };

  const draw = (one) => {
    const width = "print" in document.documentElement.dataset ? 720 : one.area.clientWidth || 640;
    const { height, option } = drawings[one.figure.dataset.drawing](one.data, colours(), width);
    one.area.style.height = `${height}px`;
    if (one.chart) { one.chart.resize({ width, height }); } else {
      one.chart = echarts.init(one.area, null, { renderer: "svg", width, height });
    }
    one.chart.setOption(option, true);
    const svg = one.area.querySelector("svg");
    if (svg) { svg.setAttribute("viewBox", `0 0 ${width} ${height}`); svg.setAttribute("aria-hidden", "true"); }
  };
  const drawAll = () => drawn.forEach(draw);

  for (const figure of document.querySelectorAll("figure.chart[data-drawing]")) {
    const data = read(figure);
    figure.hidden = false;
    const kind = figure.dataset.drawing;
    const caption = (text) => figure.append(Object.assign(document.createElement("figcaption"), { textContent: text }));
    if (data.rows.length > MOST && (kind === "bars" || kind === "funnel")) caption(figure.dataset.more.replace("{}", String(MOST)));
    if (kind === "funnel" && isFar(data)) caption(figure.dataset.scale.replace("{}", label(data.rows[0][0])));
    if (data.rows.length > LONG_TABLE) figure.parentElement.querySelector("details.figures").open = false;
    const one = { figure, data, area: figure.querySelector(".plot-area"), chart: null };
    drawn.push(one);
    draw(one);
  }

  let waiting = 0;
  addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(drawAll); });
  dark.addEventListener("change", drawAll);
  addEventListener("beforeprint", () => { document.documentElement.dataset.print = ""; drawAll(); });
  addEventListener("afterprint", () => { delete document.documentElement.dataset.print; drawAll(); });
})();
