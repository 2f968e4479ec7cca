// A picture to search by: chosen, pasted or dropped.

const LONGEST = 1024; // pixels: more than the service looks at
const byId = (id) => document.getElementById(id);

async function smaller(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.toDataURL("image/png");
}

export class Picture {
  // `changed()` when there is another one, or it is to be taken otherwise; `failed(message)`.
  constructor(changed, failed) {
    this.changed = changed;
    this.failed = failed;
    this.data = null;
    byId("file").addEventListener("change", (event) => {
      this.take(event.target.files[0]);
      event.target.value = "";
    });
    byId("forget").addEventListener("click", () => this.forget());
    for (const choice of document.querySelectorAll("input[name=as]")) {
      choice.addEventListener("change", () => this.changed());
    }
    byId("weight").addEventListener("input", () => this.changed());
    document.addEventListener("paste", (event) => this.takeFrom(event.clipboardData, event));
    for (const kind of ["dragenter", "dragover"]) {
      document.addEventListener(kind, (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        document.body.classList.add("dropping");
      });
    }
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) document.body.classList.remove("dropping");
    });
    document.addEventListener("drop", (event) => {
      document.body.classList.remove("dropping");
      this.takeFrom(event.dataTransfer, event);
    });
  }

  takeFrom(transfer, event) {
    const file = [...(transfer?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file && !transfer?.files.length) return;
    event.preventDefault();
    if (file) this.take(file);
    else this.failed("That is not a picture.");
  }

  async take(file) {
    if (!file) return;
    try {
      this.data = await smaller(file);
    } catch {
      this.failed(`${file.name || "The file"} cannot be read as a picture.`);
      return;
    }
    byId("picture-shown").src = this.data;
    byId("picture").hidden = false;
    this.changed();
  }

  forget() {
    this.data = null;
    byId("picture").hidden = true;
    byId("picture-shown").removeAttribute("src");
    this.changed();
  }

  get asDrawing() {
    return document.querySelector("input[name=as]:checked").value === "drawing";
  }

  // What a search is to hold of it, beside a drawing that is there or not.
  asked(drawn) {
    byId("weight-box").hidden = !(this.data && drawn && !this.asDrawing);
    if (!this.data) return {};
    const [, data] = this.data.split(",");
    if (this.asDrawing) return drawn ? {} : { drawing: data };
    return drawn ? { photo: data, weight: byId("weight").value / 100 } : { photo: data };
  }
}
