global using GrainId = Xtmp.Storage.GrainId;
