// Makes the headings of tables buttons that sort. Without this script the page reads the same.
for (const table of document.querySelectorAll("table.sortable")) {
	const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
	heads.forEach((head, column) => {
		const button = document.createElement("button");
		button.type = "button";
		button.append(...head.childNodes);
		head.append(button);
		button.addEventListener("click", () => {
			const number = head.classList.contains("number");
			const first = number ? "descending" : "ascending";
			const order = head.getAttribute("aria-sort") === first ? (number ? "ascending" : "descending") : first;
			heads.forEach(h => h.removeAttribute("aria-sort"));
			head.setAttribute("aria-sort", order);
			const key = row => number ? parseFloat(row.cells[column].dataset.sort) : row.cells[column].textContent;
			const compare = (a, b) => {
				const x = key(a), y = key(b);
				if (!number) return x.localeCompare(y);
				if (isNaN(x) || isNaN(y)) return 0;
				return x - y;
			};
			const rows = [...body.rows], known = rows.filter(r => !number || !isNaN(key(r)));
			known.sort(compare);
			if (order === "descending") known.reverse();
			body.append(...known, ...rows.filter(r => number && isNaN(key(r))));
		});
	});
}
