// Icons of the buttons. The buttons have names, so the icons are silent.

import type { ComponentChildren } from "preact";

function Icon({ children }: { readonly children: ComponentChildren }) {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" class="icon">
      {children}
    </svg>
  );
}

const shapes = {
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  close: "M5 5l10 10M15 5L5 15",
  home: "M4 7V4h3M13 4h3v3M16 13v3h-3M7 16H4v-3M8 8h4v4H8z",
  move: "M10 3v14M3 10h14M10 3L8 5M10 3l2 2M10 17l-2-2M10 17l2-2M3 10l2-2M3 10l2 2M17 10l-2-2M17 10l-2 2",
  rectangle:
    "M4 5h2M8.500 5h3M14 5h2v2M16 9v2.500M16 13.500V15h-2M11.500 15h-3M6 15H4v-1.500M4 11.500V9M4 7V5",
  lasso:
    "M10 4c4 0 7 1.800 7 4.200S14 12.500 10 12.500 3 10.700 3 8.200 6 4 10 4zM6.500 12c-1.500.8-1.500 2.500.2 2.700 1.300.2 1.300 1.500.2 2.300",
  link: "M8.500 11.500l3-3M7 9l-2 2a2.800 2.800 0 004 4l2-2M13 11l2-2a2.800 2.800 0 00-4-4L9 7",
  picture: "M3.500 4.500h13v11h-13zM3.500 13l4-4 3.500 3.500 2-2 3.500 3.500M13 7.500h.01",
  help: "M7.500 7.500a2.500 2.500 0 113.600 2.300c-.8.4-1.100.9-1.100 1.700M10 14.500v.01",
  search: "M9 4a5 5 0 110 10A5 5 0 019 4zM12.800 12.800L16.500 16.500",
} as const;

export type IconName = keyof typeof shapes;

export function icon(name: IconName) {
  return (
    <Icon>
      <path d={shapes[name]} />
    </Icon>
  );
}
