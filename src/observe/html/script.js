document.body.classList.add("live");
for (const block of document.querySelectorAll(".table")) {
  const body = block.querySelector("tbody");
  block.querySelector(".filter")?.addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  block.querySelectorAll("th").forEach((head, column) => head.addEventListener("click", () => {
    const value = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent;
    const down = head.dataset.down !== "yes";
    head.dataset.down = down ? "yes" : "no";
    const rows = [...body.rows].sort((a, b) =>
      value(a).localeCompare(value(b), undefined, { numeric: true }) * (down ? -1 : 1));
    body.append(...rows);
  }));
}
