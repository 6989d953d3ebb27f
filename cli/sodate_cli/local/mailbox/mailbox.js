// Asks for the list again and replaces it when it has changed; the number of new mails is said in a live region.
(() => {
  const list = document.getElementById("list"), news = document.getElementById("news");
  const count = () => Number(list.querySelector("[data-count]").dataset.count);
  async function refresh() {
    if (document.hidden) return;
    try {
      const answer = await fetch("/list?current=" + list.dataset.current);
      if (!answer.ok) return;
      const text = await answer.text();
      if (text === list.dataset.shown) return;
      const before = count(), focused = document.activeElement && document.activeElement.getAttribute("href");
      list.innerHTML = text;
      list.dataset.shown = text;
      if (focused) [...list.querySelectorAll("a")].find((row) => row.getAttribute("href") === focused)?.focus();
      const more = count() - before;
      if (more > 0) news.textContent = more === 1 ? list.dataset.one : list.dataset.more.replace("#", more);
    } catch { /* The local stage is down: the list stays as it is. */ }
  }
  setInterval(refresh, 5000);
})();
