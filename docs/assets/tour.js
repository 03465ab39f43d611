// plays the recording of the landing page; pages without one have nothing to do
document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("tour");
  if (place && window.AsciinemaPlayer) {
    AsciinemaPlayer.create(place.dataset.cast, place, {
      fit: "width",
      idleTimeLimit: 2,
      poster: "npt:20",
      terminalFontFamily: "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    });
  }
});
