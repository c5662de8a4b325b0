// SPDX-License-Identifier: MIT
//
// looks.js - what a browser can tell of the page that it shows. Each function
// runs inside the page, alone, and returns "" or what is wrong.

// The first element that is wider than the window.
export function overflow() {
	const width = document.documentElement.clientWidth;
	for (const element of document.querySelectorAll('body, body *')) {
		const { right, left } = element.getBoundingClientRect();
		if (right > width + 0.5 || left < -0.5)
			return `${element.tagName} from ${left} to ${right} of ${width}`;
	}
	return document.documentElement.scrollWidth > width ? 'it scrolls' : '';
}

// The first text whose contrast with what is behind it is below 4.5:1 (WCAG
// 2.1, 1.4.3).
export function contrast() {
	const numbers = (color) => color.match(/[\d.]+/g).map(Number);
	const luminance = (color) => {
		const [r, g, b] = numbers(color).map((v) => v / 255).map((v) =>
			(v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = (element) => {
		for (let e = element; e; e = e.parentElement) {
			const color = getComputedStyle(e).backgroundColor;
			const [, , , alpha = 1] = numbers(color);
			if (alpha === 1) return color;
		}
		return 'rgb(255, 255, 255)';
	};
	for (const element of document.querySelectorAll('main *')) {
		const own = [...element.childNodes].some((node) =>
			node.nodeType === Node.TEXT_NODE && node.data.trim());
		if (!own) continue;
		const a = luminance(getComputedStyle(element).color);
		const b = luminance(behind(element));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) return `${element.tagName} ${ratio.toFixed(2)}`;
	}
	return '';
}
