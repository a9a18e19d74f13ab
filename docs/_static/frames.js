// Widgets on a page without a kernel: each slider moves through pictures that were drawn when the book was built.
// <div class="frames" data-folder="OverlapWidget"><script type="application/json">frames.json</script></div>
document.addEventListener("DOMContentLoaded", () => {
  const root = document.documentElement.dataset.content_root || "./";
  for (const box of document.querySelectorAll("div.frames")) {
    const { controls, frames } = JSON.parse(box.querySelector("script").textContent);
    const folder = `${root}_static/frames/${box.dataset.folder}/`;
    const image = document.createElement("img");
    const sliders = controls.map(({ label, places, start }) => {
      const name = box.appendChild(document.createElement("label"));
      const slider = document.createElement("input");
      const said = document.createElement("output");
      Object.assign(slider, { type: "range", min: 0, max: places.length - 1, step: 1, value: start });
      slider.addEventListener("input", () => draw());
      name.append(`${label}: `, slider, said);
      return { slider, said, places };
    });
    const play = box.appendChild(document.createElement("button"));
    let timer = null;
    const stop = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
    function draw() {
      for (const { slider, said, places } of sliders) {
        said.textContent = places[slider.value];
        slider.setAttribute("aria-valuetext", places[slider.value]);
      }
      const name = sliders.map(({ slider }) => slider.value).join("-");
      image.src = `${folder}${name}.png`;
      image.alt = frames[name];
    }
    play.addEventListener("click", () => {
      if (timer) return stop();
      const { slider } = sliders[sliders.length - 1];
      if (slider.value === slider.max) slider.value = 0;
      play.textContent = "Stop";
      timer = setInterval(() => {
        slider.value = Number(slider.value) + 1;
        draw();
        if (slider.value === slider.max) stop();
      }, 700);
    });
    stop();
    draw();
    const note = document.createElement("p");
    note.textContent = "Drawn beforehand, for a part of the settings. In the notebook the cell runs, with all its buttons.";
    box.append(image, note);
  }
});
